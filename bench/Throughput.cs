using System.Diagnostics;
using CityMonitor.Messaging;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Bench;

/// <summary>
/// Entries a second through one consumer group, each parsed, handled and acknowledged by its own commit: a backlog that waits (as after
/// an outage), and live, with a second process publishing as fast as it can at the same time.
/// </summary>
static class Throughput
{
    const int Runs = 5, Messages = 200_000;

    public static async Task<int> RunAsync()
    {
        var (backlog, live, publish) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 1; run <= Runs; run++)
        {
            await using var server = await RedisServer.StartAsync();
            using (var publisher = Publisher.Start(server.ConnectionString, "flood", Messages))
            {
                var start = Stopwatch.GetTimestamp();
                await publisher.WaitForExitAsync();
                publish.Add(Messages / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            backlog.Add(await ConsumeAsync(server, null));
            await server.CommandAsync("FLUSHALL");
            live.Add(await ConsumeAsync(server, () => Publisher.Start(server.ConnectionString, "flood", Messages)));
            Console.WriteLine($"run {run} (load {Latency.Load()}): backlog {backlog[^1]:#,0}/s  live {live[^1]:#,0}/s  publishing alone {publish[^1]:#,0}/s");
        }

        Console.WriteLine($"median of {Runs} runs: backlog {Latency.Median(backlog):#,0}/s  live {Latency.Median(live):#,0}/s  publishing alone {Latency.Median(publish):#,0}/s");
        return 0;
    }

    /// <summary>From the first handler's start to the last acknowledgement.</summary>
    static async Task<double> ConsumeAsync(RedisServer server, Func<Process>? publish)
    {
        await using var probe = new ServiceCollection().AddMessaging(server.ConnectionString, "Probe").BuildServiceProvider();
        var redis = probe.GetRequiredService<RedisClient>();
        var allocated = GC.GetTotalAllocatedBytes();
        var (host, consumer) = await Consumer.StartAsync(server.ConnectionString, Messages);
        using var _ = host;
        using var publisher = publish?.Invoke();
        await consumer.All;
        while ((await redis.SendAsync(["XPENDING", Keys.Telephony, "workers"])).Items[0].Number > 0)
        {
            await Task.Delay(1);
        }

        var rate = Messages / Stopwatch.GetElapsedTime(consumer.FirstAt).TotalSeconds;
        Console.WriteLine($"  {(publish is null ? "backlog" : "live")}: {(GC.GetTotalAllocatedBytes() - allocated) / Messages:#,0} bytes allocated per entry");
        await host.StopAsync();
        return rate;
    }
}
