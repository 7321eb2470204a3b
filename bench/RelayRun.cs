using System.Diagnostics;
using CityMonitor.Bench.Calls;
using CityMonitor.Bench.Subjects;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Bench;

/// <summary>The same calls through a bare relay and through MediaBridge: added latency and processor time, window by window.</summary>
static class RelayRun
{
    static readonly TimeSpan warmUp = TimeSpan.FromSeconds(25);

    static readonly Dictionary<string, string?> inline = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" };

    sealed record Window(double P50, double P99, double InboundP99, double Cpu, int Underruns);

    public static async Task<int> RunAsync(RunOptions options)
    {
        Console.WriteLine($"{options.Calls} calls, {options.Windows} windows of {options.Seconds} s, load {ProcessProbe.Load()} before");
        Console.WriteLine("Medians of the windows; in brackets the quietest one.");
        Console.WriteLine("| Subject | added p50 | p99 | vendor hears, p99 | CPU-s/call-min | empty buffer in an answer | allocated per call-second |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        (string Name, Func<Uri, RedisServer, Task<Subject>> Start)[] subjects =
        [
            ("bare relay, each frame a message", (vendor, _) => Subject.RelayAsync(vendor, 1)),
            ("bare relay, 80 ms messages", (vendor, _) => Subject.RelayAsync(vendor, 4)),
            ("MediaBridge, 80 ms messages", (vendor, redis) => Subject.BridgeAsync(vendor, redis)),
            ("bare relay, 80 ms, inline completions", (vendor, _) => Subject.RelayAsync(vendor, 4, inline)),
            ("MediaBridge, inline completions", (vendor, redis) => Subject.BridgeAsync(vendor, redis, inline)),
        ];
        foreach (var (name, start) in subjects.Where(subject => options.Includes(subject.Name)))
        {
            await using var redis = await RedisServer.StartAsync();
            await using var crowd = await Crowd.StartAsync();
            await using var subject = await start(crowd.Vendor.Url, redis);
            await MeasureAsync(name, subject, crowd, options);
        }

        return 0;
    }

    static async Task MeasureAsync(string name, Subject subject, Crowd crowd, RunOptions options)
    {
        await crowd.GrowAsync(subject, options.Calls);
        await Task.Delay(warmUp);
        var windows = new List<Window>();
        for (var i = 0; i < options.Windows; i++)
        {
            crowd.Samples.Take();
            crowd.Pacer.WorstLag = 0;
            var (cpu, began) = (ProcessProbe.Cpu(subject.Pid), Stopwatch.GetTimestamp());
            await Task.Delay(TimeSpan.FromSeconds(options.Seconds));
            var used = (ProcessProbe.Cpu(subject.Pid) - cpu).TotalSeconds / (options.Calls * Stopwatch.GetElapsedTime(began).TotalMinutes);
            var (added, inbound, underruns) = crowd.Samples.Take();
            windows.Add(new Window(Figures.Quantile(added, 0.5), Figures.Quantile(added, 0.99), Figures.Quantile(inbound, 0.99), used, underruns));
            await Console.Error.WriteLineAsync(
                $"  {name}: p50 {windows[^1].P50:0.00} p99 {windows[^1].P99:0.0} max {Figures.Max(added):0.0} ms, {added.Length} turns, CPU {used:0.000}, {underruns} underruns, frames at most {crowd.Pacer.WorstLag:0.0} ms late, {crowd.Open} open, load {ProcessProbe.Load()}");
        }

        var quiet = windows.MinBy(window => window.P99)!;
        var allocated = await ManagedHeap.AllocatedPerSecondAsync(subject.Pid, TimeSpan.FromSeconds(6)) / options.Calls;
        Console.WriteLine(
            $"| {name} | {Figures.Median(windows.Select(w => w.P50)):0.00} ms ({quiet.P50:0.00}) | {Figures.Median(windows.Select(w => w.P99)):0.0} ms ({quiet.P99:0.0}) | {Figures.Median(windows.Select(w => w.InboundP99)):0.0} ms | {Figures.Median(windows.Select(w => w.Cpu)):0.000} | {windows.Sum(w => w.Underruns)} | {allocated:#,0} B |");
        if (subject.Redis is null)
        {
            return;
        }

        crowd.Pacer.Interrupts = true;
        await Task.Delay(TimeSpan.FromSeconds(Math.Max(20, options.Seconds)));
        double[] vendor = [.. crowd.Samples.BargeInByVendor], detector = [.. crowd.Samples.BargeInByDetector];
        Console.WriteLine(
            $"  {name}: barge-in to clear: {vendor.Length} by the vendor's event p50 {Figures.Quantile(vendor, 0.5):0.0} p99 {Figures.Quantile(vendor, 0.99):0.0} ms; {detector.Length} by our detector, from the first sound, p50 {Figures.Quantile(detector, 0.5):0} p99 {Figures.Quantile(detector, 0.99):0} ms");
    }
}

/// <param name="Only">Part of a subject's name; null for all.</param>
sealed record RunOptions(int Calls, int Windows, int Seconds, string? Only)
{
    public bool Includes(string name) => Only is null || name.Contains(Only, StringComparison.OrdinalIgnoreCase);

    public static RunOptions Parse(string[] arguments, RunOptions usual)
    {
        var options = usual;
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            var value = arguments[i + 1];
            options = arguments[i] switch
            {
                "--calls" => options with { Calls = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) },
                "--windows" => options with { Windows = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) },
                "--seconds" => options with { Seconds = int.Parse(value, System.Globalization.CultureInfo.InvariantCulture) },
                "--only" => options with { Only = value },
                var unknown => throw new ArgumentException($"Not understood: {unknown}."),
            };
        }

        return options;
    }
}
