using System.Globalization;

namespace CityMonitor.Faults;

/// <summary>docs/reliability.md: rows that were played are replaced, the others keep their figures.</summary>
static class Report
{
    const string Run = "Latest run: ";
    static readonly Lock gate = new();

    public static void Write(string file, RowResult result) => Rewrite(file, known => known[result.Row.Name] = Line(result));

    /// <summary>The first lines' word on the latest run.</summary>
    public static void Tell(string file, string run) => Rewrite(file, known => known[Run] = Run + run);

    static void Rewrite(string file, Action<Dictionary<string, string>> change)
    {
        lock (gate)
        {
            var (lines, others) = Read(file);
            var known = lines.Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Fault |", StringComparison.Ordinal)).ToDictionary(line => line.Split(" | ")[0][2..], line => line);
            if (lines.FirstOrDefault(line => line.StartsWith(Run, StringComparison.Ordinal)) is { } run)
            {
                known[Run] = run;
            }

            change(known);
            List<string> text = [.. Head, .. known.TryGetValue(Run, out var latest) ? ["", latest] : Array.Empty<string>()];
            foreach (var part in Rows.All.GroupBy(row => row.Part))
            {
                text.AddRange(["", $"## {part.Key}", "", "| Fault | Longest silence at the phone | The ticket in the end | Tries | Held | What did not hold | Clock late | Played |", "|---|---|---|---|---|---|---|---|"]);
                text.AddRange(part.Select(row => known.GetValueOrDefault(row.Name) ?? $"| {row.Name} | | | 0 | | not played yet | | |"));
            }

            File.WriteAllLines(file, [.. text, .. others.Count > 0 ? ["", .. others] : Array.Empty<string>()]);
        }
    }

    /// <summary>The file's lines, and apart from them the sections that are not ours: what `./test.sh --soak` writes stays as it is.</summary>
    static (IReadOnlyList<string> Lines, IReadOnlyList<string> Others) Read(string file)
    {
        var own = Rows.All.Select(row => $"## {row.Part}").ToHashSet();
        var isOwn = true;
        var lines = (File.Exists(file) ? File.ReadAllLines(file) : []).ToLookup(line => isOwn = line.StartsWith("## ", StringComparison.Ordinal) ? own.Contains(line) : isOwn);
        return ([.. lines[true]], [.. lines[false]]);
    }

    static string Line(RowResult result)
    {
        var held = result.Verdicts.Count(v => v.Problems.Count == 0);
        var tickets = result.Verdicts.GroupBy(v => v.Ticket).OrderByDescending(g => g.Count()).ToList();
        var problems = result.Verdicts.SelectMany(v => v.Problems).GroupBy(p => p).OrderByDescending(g => g.Count()).Take(4);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {result.Row.Name} | {result.Verdicts.Select(v => v.SilenceMs).DefaultIfEmpty().Max() / 1000.0:0.0} s | {string.Join("; ", tickets.Select(g => tickets.Count == 1 ? g.Key : $"{g.Count()}x {g.Key}"))} | {result.Verdicts.Count} | {Share(held, result.Verdicts.Count)} | {string.Join("; ", problems.Select(g => $"{g.Count()}x {g.Key}"))} | {result.ClockLateMs:0} ms | {DateTime.UtcNow:yyyy-MM-dd HH:mm} |");
    }

    // Never rounded up: 199 of 200 is not 100 %.
    static string Share(int held, int of) => of == 0 ? "" : $"{100 * held / of} %";

    static IReadOnlyList<string> Head { get; } =
    [
        "# What City Monitor survives",
        "",
        "Made by `./test.sh --faults`; rows that a run does not play keep their figures (`--only text`, `--tries N`). Each try is a whole",
        "incident: a ticket, a phone that rings, a conversation in real audio, the evidence, the ticket's note. Some twenty run in step, and",
        "the fault comes when the first of them has reached the moment that the row names. A call that rang more than 2.5 s later than the first",
        "(1.5 s for a tool and for the last second), that had ended, or that the one broken replica of two had no part in, is no try, but",
        "must hold all the same: where it does not, it is counted.",
        "",
        "A try held when all of this is true: the incident is known and has the end that the row asks for; an accepted one has its ticket in",
        "progress, any other one is open and flagged to the operator; a note tells the outcome; every attempt has an outcome; Twilio was",
        "asked for no more calls than attempts, never for two at a time, and for one alone where the same call must go on; nothing was",
        "accepted and no message sent twice, also not while the next row was played; and the phone never heard more than 4 s of silence. The",
        "phone's record is the Simulator's, to 20 ms. \"Clock late\" is how late the clock of the simulated phones was at most: what is played",
        "on a machine so busy that it is more than 100 ms is thrown away and played again.",
    ];
}
