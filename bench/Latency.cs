using CityMonitor.Tests.Shared;

namespace CityMonitor.Bench;

/// <summary>From the publisher's call of PublishAsync to the first line of the handler in another process, one message each 5 ms.</summary>
static class Latency
{
    const int Runs = 5, Warmup = 300, Messages = 2000;

    public static async Task<int> RunAsync()
    {
        await using var server = await RedisServer.StartAsync();
        var medians = new List<(double P50, double P99)>();
        for (var run = 1; run <= Runs; run++)
        {
            var (host, consumer) = await Consumer.StartAsync(server.ConnectionString, Warmup + Messages);
            using (host)
            using (var publisher = Publisher.Start(server.ConnectionString, "paced", Warmup + Messages))
            {
                await consumer.All;
                await publisher.WaitForExitAsync();
                await host.StopAsync();
            }

            var sorted = consumer.Milliseconds.Skip(Warmup).Order().ToArray();
            var (p50, p99) = (sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100]);
            medians.Add((p50, p99));
            Console.WriteLine($"run {run} (load {Load()}): p50 {p50:0.000} ms  p99 {p99:0.000} ms  max {sorted[^1]:0.0} ms  ({Messages} messages)");
        }

        var quietest = medians.MinBy(run => run.P99);
        Console.WriteLine($"median of {Runs} runs: p50 {Median(medians.Select(run => run.P50)):0.000} ms  p99 {Median(medians.Select(run => run.P99)):0.000} ms");
        Console.WriteLine($"quietest run: p50 {quietest.P50:0.000} ms  p99 {quietest.P99:0.000} ms");
        return 0;
    }

    /// <summary>Processes that want a core, of the last minute: what a figure of a shared machine has to be read with.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    public static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
