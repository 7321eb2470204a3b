using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace CityMonitor.Faults;

/// <summary>Plays rows in some cities side by side, and writes the table.</summary>
static class Runner
{
    public static async Task<int> RunAsync(string[] args)
    {
        var (options, problem) = Options.Read(args);
        if (options is null)
        {
            await Console.Error.WriteLineAsync($"Not understood: {problem}. Usage: ./test.sh {Options.Usage}");
            return 64;
        }

        if (options.List)
        {
            Rows.All.ToList().ForEach(row => Console.WriteLine(row.Name));
            return 0;
        }

        var since = Stopwatch.GetTimestamp();
        var chosen = options.Choose(Rows.All);
        var results = new ConcurrentDictionary<string, RowResult>();
        var together = new Deal(chosen.Where(row => !row.Alone));
        await Task.WhenAll(Enumerable.Range(0, options.Cities).Select(async city =>
        {
            // Starting is the most work: not all at once.
            await Task.Delay(TimeSpan.FromSeconds(8 * city));
            await PlayAsync(together);
        }));
        await PlayAsync(new Deal(chosen.Where(row => row.Alone)));

        var held = results.Values.Count(result => result.Verdicts.Count >= options.Tries && result.Verdicts.All(v => v.Problems.Count == 0));
        var tries = results.Values.Sum(result => result.Verdicts.Count);
        var asked = string.Concat(args.Where((arg, i) => arg != "--report" && (i == 0 || args[i - 1] != "--report")).Select(arg => arg.StartsWith('-') ? $" {arg}" : $" \"{(arg.Length > 80 ? arg[..80] + "..." : arg)}\""));
        var told = string.Create(CultureInfo.InvariantCulture,
            $"`./test.sh --faults{asked}` on {System.Environment.ProcessorCount} cores, ended {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC after {Stopwatch.GetElapsedTime(since).TotalMinutes:0} minutes: {held} of {results.Count} rows held in all of {tries} tries.");
        Console.WriteLine(told);
        if (options.Report is { } report)
        {
            Report.Tell(report, told);
        }

        return !results.IsEmpty && held == results.Count ? 0 : 1;

        async Task PlayAsync(Deal deal)
        {
            while (deal.First() is { } row)
            {
                await PlayCityAsync(deal, row, options, Done);
                deal.Done(Deal.KindOf(row));
            }
        }

        void Done(RowResult result)
        {
            results[result.Row.Name] = result;
            if (options.Report is not null && result.Verdicts.Count > 0)
            {
                // After each row: a run that is ended early leaves what it has found.
                Report.Write(options.Report, result);
            }
        }
    }

    static async Task PlayCityAsync(Deal deal, FaultRow? row, Options options, Action<RowResult> done)
    {
        var kind = Deal.KindOf(row!);
        await using var world = await World.StartAsync(row!.Shape, row.Environment);
        var city = new CityRun(world, options, done);
        for (; row is not null; row = deal.Next(kind))
        {
            if (!await city.PlayAsync(row))
            {
                return;
            }
        }

        await city.LookBackAsync();
    }
}
