using System.Diagnostics;
using System.Globalization;
using CityMonitor.Messaging;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Bench;

/// <summary>The publishing process: every message carries the time of its publish (the machine's monotonic clock, the same in every process).</summary>
static class Publisher
{
    public const string Argument = "--publisher";

    const int AtOnce = 512;

    /// <param name="pattern">paced: one each 5 ms, as on an idle system; flood: as fast as it goes.</param>
    public static Process Start(string connection, string pattern, int count) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Argument, connection, pattern, $"{count}"]))!;

    public static async Task<int> RunAsync(string connection, string pattern, int count)
    {
        await using var provider = new ServiceCollection().AddMessaging(connection, "Bench").BuildServiceProvider();
        var bus = provider.GetRequiredService<MessageBus>();
        await provider.GetRequiredService<RedisClient>().SendAsync(["PING"]);
        if (pattern == "paced")
        {
            for (var i = 0; i < count; i++)
            {
                await PublishAsync(bus, i);
                await Task.Delay(5);
            }

            return 0;
        }

        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                await PublishAsync(bus, i);
            }
        }));
        return 0;
    }

    static Task PublishAsync(MessageBus bus, int i) =>
        bus.PublishAsync(new EndCall(CallId.Of(IncidentId.OfTicket(i % 500), 1), Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture)), CancellationToken.None);
}
