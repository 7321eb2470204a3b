using System.Globalization;
using CityMonitor.Bench.City;
using CityMonitor.Messaging.State;

namespace CityMonitor.Bench;

/// <summary>
/// The whole system: every service, Redis and the Simulator as processes on the same cores, N tickets filed at once, N responders who accept in
/// real audio, each engine with the delays that real vendors have. And how soon a ticket becomes a dial when nothing else goes on.
/// </summary>
static class CityRun
{
    /// <summary>Phones that are later than this do not speak and hear in real time: the load has no right to a figure.</summary>
    const double LateMs = 20;

    static readonly string[] order = ["IncidentPoller", "AgentWorker", "TelephonyApi", "MediaBridge", "redis"];

    public static async Task<int> RunAsync(CityRunOptions options)
    {
        if (options.Includes("dial"))
        {
            await DialRun.RunAsync();
        }

        foreach (var engine in VendorDelays.All.Where(engine => options.Engine is null || engine.Engine.Contains(options.Engine, StringComparison.OrdinalIgnoreCase)))
        {
            if (options.Includes("silent"))
            {
                await WithTownAsync(engine, 20, SilentAsync, ("Dispatch__Attempts", "1"));
            }

            if (options.Includes("calls"))
            {
                Console.WriteLine($"{engine.Engine}: connection 300 ms; {engine.Delays}.");
                Console.WriteLine("| calls | held | first words | mouth to ear, p50 / p99 | without a tool | with one | longest silence | phones' clock late, p50 / p99 / worst of each second | both cores busy | CPU-s per call-minute: poller / worker / telephony / bridge / Redis | all services | Simulator | RSS MB, same order | load |");
                Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
                await WithTownAsync(engine, options.Calls.Max() + 20, async town =>
                {
                    foreach (var calls in options.Calls)
                    {
                        await MeasureAsync(town, calls);
                    }
                });
            }
        }

        return 0;
    }

    static async Task WithTownAsync(VendorDelays engine, int calls, Func<Town, Task> run, params (string Key, string Value)[] worker)
    {
        var flows = Directory.CreateTempSubdirectory("bench-flows-");
        try
        {
            await using var town = await engine.StartAsync(calls, flows, worker);
            await WarmUpAsync(town);
            await run(town);
        }
        finally
        {
            flows.Delete(recursive: true);
        }
    }

    static async Task MeasureAsync(Town town, int calls)
    {
        var (before, machine) = (Cpu(town), MachineProbe.Read());
        var cases = await Task.WhenAll(Enumerable.Range(10, calls).Select(n => town.FileAsync(Responders.Number(n), Habit.AsksBack)));
        using var watch = new TownWatch(town);
        var states = await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(4))));
        var seen = await watch.StopAsync();
        var (used, busy) = (Cpu(town).ToDictionary(one => one.Key, one => (one.Value - before[one.Key]).TotalSeconds), MachineProbe.Read().BusySince(machine));

        var replies = await Task.WhenAll(cases.Select(one => Replies.OfAsync(town, one)));
        var answers = replies.SelectMany(one => one.Answers).ToList();
        var minutes = replies.Sum(one => one.Seconds) / 60;
        Console.WriteLine(
            $"| {calls} | {states.Count(state => state?.Status == IncidentStatus.Acknowledged)} | {Both(replies.SelectMany(one => one.FirstWords))} | {Both(answers.Select(one => one.Ms))} "
            + $"| {Both(answers.Where(one => one.Tools == 0).Select(one => one.Ms))} | {Both(answers.Where(one => one.Tools > 0).Select(one => one.Ms))} | {replies.Max(one => one.LongestSilence) / 1000:0.0} s "
            + $"| {Figures.Quantile(seen.LateMs, 0.5):0} / {Figures.Quantile(seen.LateMs, 0.99):0} / {Figures.Max(seen.LateMs):0} ms | {busy:0%} ({seen.BusiestShare:0%} in the busiest 10 s) "
            + $"| {string.Join(" / ", order.Select(name => $"{used[name] / minutes:0.000}"))} | {order.Sum(name => used[name]) / minutes:0.000} | {used["Simulator"] / minutes:0.000} "
            + $"| {string.Join(" / ", order.Select(name => $"{seen.RssMb[name]:0}"))} | {ProcessProbe.Load()} |");
        Console.WriteLine(
            $"  {replies.Sum(one => one.Calls)} calls of {minutes:0.0} minutes in all, {answers.Count} answers, {answers.Count(one => one.Tools > 0)} of them behind a tool"
            + (Figures.Quantile(seen.LateMs, 0.5) > LateMs ? "; the phones were late: here the load is the limit" : ""));
    }

    /// <summary>First words to whoever picks up and says nothing.</summary>
    static async Task SilentAsync(Town town)
    {
        var cases = await Task.WhenAll(Enumerable.Range(10, 10).Select(n => town.FileAsync(Responders.Number(n), Habit.SaysNothing)));
        await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(2))));
        var replies = await Task.WhenAll(cases.Select(one => Replies.OfAsync(town, one)));
        Console.WriteLine($"{replies.Sum(one => one.Calls)} calls to somebody who says nothing: first words {Both(replies.SelectMany(one => one.FirstWords))} after the answer; load {ProcessProbe.Load()}");
    }

    /// <summary>Ten calls that do not count: code is compiled, connections are open.</summary>
    static async Task WarmUpAsync(Town town)
    {
        var cases = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => town.FileAsync(Responders.Number(n), n % 2 == 0 ? Habit.Accepts : Habit.Declines)));
        await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(3))));
    }

    static Dictionary<string, TimeSpan> Cpu(Town town) => town.Processes.ToDictionary(process => process.Name, process => ProcessProbe.Cpu(process.Pid));

    static string Both(IEnumerable<double> values) => values.ToList() is { Count: > 0 } all ? $"{Figures.Quantile(all, 0.5):0} / {Figures.Quantile(all, 0.99):0} ms" : "-";
}

/// <param name="Calls">How many side by side, one run after the other in the same city.</param>
/// <param name="Engine">Part of an engine's name; null for all.</param>
/// <param name="Only">dial, silent or calls; null for all.</param>
sealed record CityRunOptions(IReadOnlyList<int> Calls, string? Engine, string? Only)
{
    public bool Includes(string name) => Only is null || name.Contains(Only, StringComparison.OrdinalIgnoreCase);

    public static CityRunOptions Parse(string[] arguments)
    {
        var options = new CityRunOptions([10], null, null);
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--calls" => options with { Calls = [.. value.Split(',').Select(calls => int.Parse(calls, CultureInfo.InvariantCulture))] },
                "--engine" => options with { Engine = value },
                "--only" => options with { Only = value },
                var unknown => throw new ArgumentException($"Not understood: {unknown}."),
            };
        }

        return options;
    }
}
