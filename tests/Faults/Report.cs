using System.Globalization;

namespace CityMonitor.Faults;

/// <summary>docs/reliability.md: rows that were played are replaced, the others keep their figures.</summary>
static class Report
{
    public static void Write(string file, IReadOnlyList<RowResult> results)
    {
        var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        var known = lines.Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Fault |", StringComparison.Ordinal)).ToDictionary(line => line.Split(" | ")[0][2..], line => line);
        foreach (var result in results)
        {
            known[result.Row.Name] = Line(result);
        }

        List<string> text = [.. Head];
        foreach (var part in Rows.All.GroupBy(row => row.Part))
        {
            text.AddRange(["", $"## {part.Key}", "", "| Fault | Longest silence at the phone | The ticket in the end | Tries | Held | What did not hold |", "|---|---|---|---|---|---|"]);
            text.AddRange(part.Select(row => known.GetValueOrDefault(row.Name) ?? $"| {row.Name} | | | 0 | | not played yet |"));
        }

        File.WriteAllLines(file, text);
    }

    static string Line(RowResult result)
    {
        var held = result.Verdicts.Count(v => v.Problems.Count == 0);
        var tickets = result.Verdicts.GroupBy(v => v.Ticket).OrderByDescending(g => g.Count());
        var problems = result.Verdicts.SelectMany(v => v.Problems).GroupBy(p => p).OrderByDescending(g => g.Count()).Take(4);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {result.Row.Name} | {result.Verdicts.Max(v => v.SilenceMs) / 1000.0:0.0} s | {string.Join("; ", tickets.Select(g => tickets.Count() == 1 ? g.Key : $"{g.Count()}x {g.Key}"))} | {result.Verdicts.Count} | {100.0 * held / result.Verdicts.Count:0} % | {string.Join("; ", problems.Select(g => $"{g.Count()}x {g.Key}"))} |");
    }

    static IReadOnlyList<string> Head { get; } =
    [
        "# What City Monitor survives",
        "",
        "Made by `./test.sh --faults`; rows that a run does not play keep their figures (`--only text`, `--tries N`). Each try is a whole",
        "incident: a ticket, a phone that rings, a conversation in real audio, the evidence, the ticket's note. A few run side by side; the",
        "fault comes when the first of them has reached the moment that the row names, so it meets the others just before or behind it.",
        "",
        "A try held when all of this is true: the incident is known and has the end that the row asks for; an accepted one has its ticket in",
        "progress, any other one is open and flagged to the operator; a note tells the outcome; every attempt has an outcome; Twilio was",
        "asked for no more calls than attempts, never for two at a time, and for one alone where the same call must go on; nothing was",
        "accepted and no message sent twice; and the phone never heard more than 4 s of silence. The phone's record is the Simulator's, to 20 ms.",
    ];
}
