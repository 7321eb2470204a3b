using System.Text.RegularExpressions;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>
/// A yes is the responder's, never the model's alone: a text in a ticket, or a model that makes things up, accepts no incident and sends
/// nothing to a number that nobody confirmed. What the responder has said since the incident was told must hold a yes. In a language that
/// is not known here it is asked for once more, and then a short answer that is no plain no counts: people say yes in few words.
/// </summary>
static partial class Consent
{
    const int ShortAnswer = 40;
    const int Looked = 1000;

    /// <summary>The answer for the model where the yes to the incident is missing; null where it is there.</summary>
    public static ToolAnswer? MissingToIncident(Decision d, LiveCall live)
    {
        var turns = Said(d);
        var last = turns.Skip(live.TurnsWhenTold ?? 0).TakeLast(2).ToList();
        if (last is [.., var answer])
        {
            var askedAgain = live.TurnsWhenAskedAgain is { } asked && turns.Count > asked;
            if (IsYes(answer) || (!IsNo(answer) && (last.Exists(IsYes) || (askedAgain && answer.Length <= ShortAnswer))))
            {
                return null;
            }
        }

        d.Live = live with { TurnsWhenAskedAgain = turns.Count };
        return ToolAnswer.Error(
            "There is no clear yes: the responder has not said since the incident was told that they accept it.",
            "Ask them: do you accept this incident, yes or no? Call accept_incident again only after their answer.");
    }

    /// <summary>
    /// The same for a dictated number: they must have spoken once more after it was recorded, and not plainly no. The number that was
    /// dialled is the ticket's and needs no second word.
    /// </summary>
    public static ToolAnswer? MissingToNumber(Decision d, LiveCall live, PhoneNumber number)
    {
        if (d.State.Responder is { WhatsAppConfirmed: true } || d.State.Attempts.Any(attempt => attempt.Call == live.Call && attempt.To == number))
        {
            return null;
        }

        return Said(d).Skip(live.TurnsWhenNumbered ?? 0).LastOrDefault() is { } answer && (IsYes(answer) || (answer.Length <= ShortAnswer && !IsNo(answer)))
            ? null
            : ToolAnswer.Error("The responder has not confirmed the number since it was recorded.", $"Read it back: {Spoken.Digits(number)}. Ask whether it is right, and call this tool again only after their answer.");
    }

    /// <summary>From now on a yes can be meant for the incident.</summary>
    public static LiveCall Told(Decision d, LiveCall live) => live with { TurnsWhenTold = live.TurnsWhenTold ?? Said(d).Count };

    /// <summary>From now on a yes can be meant for the number.</summary>
    public static LiveCall Numbered(Decision d, LiveCall live) => live with { TurnsWhenNumbered = Said(d).Count };

    // The end of a long speech is what it comes to; bounded, so that the expressions need no time limit, which a busy machine would break.
    static List<string> Said(Decision d) =>
        [.. d.Facts.Heard.Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text.Length > Looked ? turn.Text[^Looked..] : turn.Text)];

    public static bool IsYes(string said) => Yes().IsMatch(said);

    public static bool IsNo(string said) => !IsYes(said) && No().IsMatch(said);

    [GeneratedRegex(
        """
        (?<!\b(?:not|cannot|never|\w+n['’]t|(?:\w+n['’]t|not)\ (?:think|believe|know|sure)(?:\ (?:that|if|whether))?)\s)\b(?:yes|yeah|yep|yup|ya|aye|sure|okay|ok|affirmative|roger|copy(?:\ that)?|absolutely|certainly|definitely|of\ course|no\ (?:problem|worries)|accept|agreed?|will\ do
        |(?:i|we)\ (?:can|do|will)(?!\s*(?:not|n['’]t)|['’])|(?:i|we)\ (?:will\ )?take\ (?:it|this|that)|(?:i|we)['’]ll\ (?:take|go|do|come|be|head)|(?:i['’]?m|i\ am|we['’]?re|we\ are|on)\s+(?:coming|going|(?:on\ )?(?:my|our)\ way)
        |sí|si|claro|acepto|aceptamos|vale|voy|vamos|sim|aceito|oui|d['’]accord|j['’]accepte|ja|jawohl|klar|sì|accetto|va\ bene|evet|tamam|da|tak|hai|haan?|ji(?:\ haan?)?|naam|na['’]am)\b
        |نعم|أقبل|جی|ہاں|हाँ|हां|जी|да|(?<!不)是|好的|はい|네
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Yes();

    [GeneratedRegex(@"\b(?:no|nope|negative|not|never|cannot|can['’]t|won['’]t|don['’]t|unable|decline|refuse|nein|nicht|non|não|nunca|nahi?n?|hayır|nie|njet)\b|لا|نہیں|नहीं|нет|不|いいえ|아니", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex No();
}
