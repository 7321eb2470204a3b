using System.Diagnostics;
using System.Globalization;

namespace CityMonitor.Faults;

/// <summary>Plays rows, one city for all rows of one shape, and writes the table.</summary>
static class Runner
{
    const string Usage = "--faults [--tries N] [--only text[|text]] [--at-once N] [--report file] [--list]";
    static readonly TextWriter output = Console.Out;
    static int nextPhone;

    public static async Task<int> RunAsync(string[] args)
    {
        string? only = null, report = null;
        int tries = 20, atOnce = 4;
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--tries" when int.TryParse(value, CultureInfo.InvariantCulture, out tries) && tries > 0: i++; break;
                case "--at-once" when int.TryParse(value, CultureInfo.InvariantCulture, out atOnce) && atOnce is > 0 and <= 50: i++; break;
                case "--only" when value.Length > 0: (only, i) = (value, i + 1); break;
                case "--report" when value.Length > 0: (report, i) = (value, i + 1); break;
                case "--list":
                    Rows.All.ToList().ForEach(row => output.WriteLine(row.Name));
                    return 0;
                default:
                    await Console.Error.WriteLineAsync($"Not understood: {args[i]} {value}. Usage: ./test.sh {Usage}");
                    return 64;
            }
        }

        var chosen = Rows.All.Where(row => only is null || only.Split('|').Any(text => row.Name.Contains(text, StringComparison.OrdinalIgnoreCase))).ToList();
        var results = new List<RowResult>();
        foreach (var city in chosen.GroupBy(row => (row.Shape, row.Environment)))
        {
            await using var world = await World.StartAsync(city.Key.Shape, city.Key.Environment);
            foreach (var row in city)
            {
                var result = await PlayAsync(world, row, tries, atOnce);
                results.Add(result);
                if (report is not null)
                {
                    // After each row: a run of hours that is ended early leaves what it has found.
                    Report.Write(report, [result]);
                }
            }
        }

        var held = results.Count(result => result.Verdicts.All(v => v.Problems.Count == 0));
        output.WriteLine($"{held} of {results.Count} rows held.");
        return results.Count > 0 && held == results.Count ? 0 : 1;
    }

    static async Task<RowResult> PlayAsync(World world, FaultRow row, int tries, int atOnce)
    {
        var since = Stopwatch.GetTimestamp();
        var verdicts = new List<Verdict>();
        for (var wave = 0; verdicts.Count(v => v.Incident.Hit) < tries && wave < 2 * tries; wave++)
        {
            var count = row.AtOnce ?? Math.Min(atOnce, tries - verdicts.Count(v => v.Incident.Hit));
            var incidents = Enumerable.Range(0, count).Select(_ => new Incident(NextPhone(), DateTimeOffset.UtcNow)).ToList();
            try
            {
                var played = await new Wave(world, row, wave, incidents).PlayAsync();
                // One that the fault did not reach still must hold, but is no try.
                verdicts.AddRange(played.Where(v => v.Incident.Hit || v.Problems.Count > 0));
                foreach (var verdict in played.Where(v => v.Problems.Count > 0))
                {
                    output.WriteLine($"    ticket {verdict.Incident.Ticket}, {verdict.Incident.Phone}: {string.Join("; ", verdict.Problems)}");
                    await Story.WriteAsync(world, verdict, row);
                }
            }
            catch (Exception e) when (Judge.IsOutage(e) || e is OperationCanceledException)
            {
                output.WriteLine($"    wave {wave}: {e.Message}");
                verdicts.AddRange(incidents.Select(incident => new Verdict(incident, [$"the run broke: {e.GetType().Name}"], 0, "?")));
                await world.HealAsync();
                await world.ReadyAsync();
            }
        }

        var held = verdicts.Count(v => v.Problems.Count == 0);
        output.WriteLine($"{held,3} of {verdicts.Count,3} held, silence at most {verdicts.Max(v => v.SilenceMs) / 1000.0:0.0} s, {Stopwatch.GetElapsedTime(since).TotalSeconds,4:0} s, audio clock {await world.AudioLateMsAsync()} ms late: {row.Name}");
        return new RowResult(row, verdicts);
    }

    // Fictional numbers; each is used again only after 98 others.
    static string NextPhone() => $"+120255501{1 + (Interlocked.Increment(ref nextPhone) % 99):00}";
}
