using System.Globalization;
using CityMonitor.Messaging.Contracts;
using Spectre.Console;

namespace CityMonitor.Hosting;

/// <summary>
/// Tells a call in the terminal while it is spoken: the agent's words appear one by one as the phone hears them, the responder's as
/// they are said, and between them what the system does.
/// </summary>
sealed class Narrator(IAnsiConsole console)
{
    const int Indent = 24;

    readonly bool live = console.Profile.Capabilities.Interactive && console.Profile.Capabilities.Ansi;
    readonly List<string> words = [];
    readonly List<Action> held = [];
    string? speaker;
    DateTimeOffset speakerSince;
    DateTimeOffset lastWord;
    int utterance;
    int column;

    public void Heard(DateTimeOffset at, string word, int ofUtterance)
    {
        lastWord = DateTimeOffset.UtcNow;
        if (speaker != "agent" || ofUtterance != utterance)
        {
            Begin("agent", at);
            utterance = ofUtterance;
        }

        Append(word);
    }

    /// <param name="who">As it is shown: Responder, Caller.</param>
    public void Said(DateTimeOffset at, string text, string who = "Responder")
    {
        Begin(who, at);
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Append(word);
        }

        End();
    }

    /// <summary>What happens while somebody speaks is told when they have finished: nobody is cut short on the screen.</summary>
    public void Event(DateTimeOffset at, string icon, string colour, string label, string text)
    {
        if (speaker is not null)
        {
            held.Add(() => Event(at, icon, colour, label, text));
            return;
        }

        var lines = Wrap(text, Math.Max(30, console.Profile.Width - Indent - 1)).ToList();
        console.MarkupLine($"[grey]{Time(at)}[/]  [{colour}]{icon} {Markup.Escape(label),-11}[/] {Markup.Escape(lines[0])}");
        foreach (var line in lines.Skip(1))
        {
            console.MarkupLine($"{new string(' ', Indent)}{Markup.Escape(line)}");
        }
    }

    /// <summary>One line of the audit timeline, where it says something that the phone does not show anyway.</summary>
    public void Audit(DateTimeOffset at, AuditEntry entry)
    {
        if (Style(entry.Kind) is var (icon, colour, label))
        {
            Event(at, icon, colour, label, label == "tool" ? Short($"{entry.Kind[5..]} {entry.Text}") : entry.Text);
        }
    }

    public void End()
    {
        if (speaker is null)
        {
            return;
        }

        if (live)
        {
            console.WriteLine();
        }
        else
        {
            Write(words);
        }

        words.Clear();
        speaker = null;
        var happened = held.ToList();
        held.Clear();
        happened.ForEach(tell => tell());
    }

    /// <summary>Ends the line of somebody who has not been heard for a while.</summary>
    public void Breathe(DateTimeOffset now)
    {
        if (speaker is not null && now - lastWord > TimeSpan.FromMilliseconds(900))
        {
            End();
        }
    }

    static string Short(string text) => text.Length <= 150 ? text : text[..149] + "…";

    static (string Icon, string Colour, string Label)? Style(string kind) => kind switch
    {
        "incident.reported" => ("▲", "orange1", "incident"),
        "incident.flagged" => ("!", "red", "operator"),
        "incident.accepted" or "incident.acknowledged" => ("✔", "green", "accepted"),
        "incident.declined" or "incident.declining" => ("✘", "red", "declined"),
        "incident.eta" => ("◷", "aqua", "eta"),
        _ when kind.StartsWith("incident.", StringComparison.Ordinal) => ("▲", "orange1", "incident"),
        "call.received" or "call.transfer" or "reception.reported" or "reception.messagetaken" or "reception.incomplete" or "reception.missed" => ("☎", "yellow", "reception"),
        "call.requested" or "call.scheduled" or "call.outcome" or "call.cancelled" or "call.voicemail" => ("☎", "yellow", "dispatch"),
        _ when kind.StartsWith("tool.", StringComparison.Ordinal) => ("⚙", "mediumpurple1", "tool"),
        "message.requested" => ("✉", "deepskyblue1", "message"),
        _ when kind.StartsWith("ticket.", StringComparison.Ordinal) => ("✎", "deepskyblue1", "ticket"),
        _ => null,
    };

    void Begin(string who, DateTimeOffset at)
    {
        End();
        speaker = who;
        speakerSince = at;
        if (live)
        {
            Head();
            column = Indent;
        }
    }

    void Head()
    {
        var (colour, name) = speaker == "agent" ? ("springgreen2", "● City") : ("deepskyblue1", $"○ {speaker}");
        console.Markup($"[grey]{Time(speakerSince)}[/]  [{colour}]{name,-13}[/] ");
    }

    void Append(string word)
    {
        words.Add(word.Trim());
        if (!live)
        {
            return;
        }

        if (column + word.Length + 1 > console.Profile.Width)
        {
            console.WriteLine();
            console.Write(new string(' ', Indent));
            column = Indent;
        }

        console.Markup(speaker == "agent" ? $"[springgreen2]{Markup.Escape(word.Trim())}[/] " : $"[deepskyblue1]{Markup.Escape(word.Trim())}[/] ");
        column += word.Trim().Length + 1;
    }

    void Write(IReadOnlyList<string> spoken)
    {
        Head();
        var first = true;
        foreach (var line in Wrap(string.Join(' ', spoken), Math.Max(30, console.Profile.Width - Indent - 1)))
        {
            console.WriteLine((first ? "" : new string(' ', Indent)) + line);
            first = false;
        }
    }

    static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }

    static string Time(DateTimeOffset at) => at.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
