using System.Text.RegularExpressions;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>
/// A yes is the responder's, never the model's alone: a text in a ticket, or a model that makes things up, accepts no incident. What the
/// responder has said since the incident was told must hold a yes. In a language that is not known here it is asked for once more, and
/// then a short answer that is no plain no counts: people say yes in few words.
/// </summary>
static partial class Consent
{
    const int ShortAnswer = 40;

    /// <summary>The answer for the model where the yes is missing; null where it is there.</summary>
    public static ToolAnswer? Missing(Decision d, LiveCall live)
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

    /// <summary>From now on a yes can be meant for the incident.</summary>
    public static LiveCall Told(Decision d, LiveCall live) => live with { TurnsWhenTold = live.TurnsWhenTold ?? Said(d).Count };

    static List<string> Said(Decision d) => [.. d.Facts.Heard.Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text)];

    public static bool IsYes(string said) => Yes().IsMatch(said);

    public static bool IsNo(string said) => !IsYes(said) && No().IsMatch(said);

    [GeneratedRegex(
        """
        \b(?:yes|yeah|yep|yup|ya|aye|sure|okay|ok|affirmative|roger|copy(?:\ that)?|absolutely|certainly|definitely|of\ course|no\ (?:problem|worries)|accept|agreed?|will\ do
        |(?:i|we)\ (?:can|do|will)(?!\s*(?:not|n['’]t)|['’])|(?:i|we)\ (?:will\ )?take\ (?:it|this|that)|(?:i|we)['’]ll\ (?:take|go|do|come|be|head)|(?:i['’]?m|i\ am|we['’]?re|we\ are|on)\s+(?:coming|going|(?:on\ )?(?:my|our)\ way)
        |sí|si|claro|acepto|aceptamos|vale|voy|vamos|sim|aceito|oui|d['’]accord|j['’]accepte|ja|jawohl|klar|sì|accetto|va\ bene|evet|tamam|da|tak|hai|haan?|ji(?:\ haan?)?|naam|na['’]am)\b
        |نعم|أقبل|جی|ہاں|हाँ|हां|जी|да|是|好的|はい|네
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant, 250)]
    private static partial Regex Yes();

    [GeneratedRegex(@"\b(?:no|nope|negative|not|never|cannot|can['’]t|won['’]t|don['’]t|unable|decline|refuse|nein|nicht|non|não|nunca|nahi?n?|hayır|nie|njet)\b|لا|نہیں|नहीं|нет|不|いいえ|아니", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 250)]
    private static partial Regex No();
}
