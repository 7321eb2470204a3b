using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class CrashTests
{
    const int Roots = 20;

    [Fact]
    public async Task Workers_that_are_killed_lose_nothing_do_nothing_twice_and_keep_each_incidents_order()
    {
        await using var server = await RedisServer.StartAsync();
        await using var publisher = await Spine.StartAsync(server.ConnectionString);
        using var first = WorkerProcess.Start(server.ConnectionString);
        using var second = WorkerProcess.Start(server.ConnectionString);
        await HaveLeasesAsync(publisher);

        await PublishAsync(publisher, 1, 50);
        first.Kill();
        await PublishAsync(publisher, 51, 100);
        using var third = WorkerProcess.Start(server.ConnectionString);
        await HandledAsync(publisher, 60);
        second.Kill();
        await PublishAsync(publisher, 101, 120);

        await InOrderAsync(publisher, 120);
    }

    [Fact]
    public async Task A_frozen_worker_is_fenced_off_and_the_other_goes_on()
    {
        await using var server = await RedisServer.StartAsync();
        await using var publisher = await Spine.StartAsync(server.ConnectionString);
        using var frozen = WorkerProcess.Start(server.ConnectionString);
        await HaveLeasesAsync(publisher);
        await PublishAsync(publisher, 1, 30);
        frozen.Freeze();
        await PublishAsync(publisher, 31, 40);
        using var other = WorkerProcess.Start(server.ConnectionString);
        await PublishAsync(publisher, 41, 60);
        await HandledAsync(publisher, 60);

        frozen.Thaw();
        await PublishAsync(publisher, 61, 80);
        await InOrderAsync(publisher, 80);
    }

    [Fact]
    public async Task A_worker_that_stops_in_order_hands_over_at_once()
    {
        await using var server = await RedisServer.StartAsync();
        await using var publisher = await Spine.StartAsync(server.ConnectionString);
        using var first = WorkerProcess.Start(server.ConnectionString);
        await HaveLeasesAsync(publisher);
        using var second = WorkerProcess.Start(server.ConnectionString);
        await Eventually.TrueAsync(async () => (await publisher.Redis.SendAsync(["ZCARD", "cm:workers"])).Number == 2, "the second worker is there");
        await PublishAsync(publisher, 1, 20);
        await first.StopAsync();
        await PublishAsync(publisher, 21, 40);
        await InOrderAsync(publisher, 40);
    }

    static async Task PublishAsync(Spine publisher, int from, int to)
    {
        for (var number = from; number <= to; number++)
        {
            await Task.WhenAll(Enumerable.Range(1, Roots).Select(root => publisher.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(root), number)), CancellationToken.None)));
        }
    }

    static Task HaveLeasesAsync(Spine spine) =>
        Eventually.TrueAsync(async () => (await spine.Redis.SendAsync(["KEYS", "cm:lease:agent-*"])).Items.Count == Routes.Partitions, "workers hold all partitions", TimeSpan.FromSeconds(20));

    static Task HandledAsync(Spine spine, int atLeast) =>
        Eventually.TrueAsync(async () => (await NumbersAsync(spine)).All(numbers => numbers.Length >= atLeast), $"{atLeast} of each incident are handled", TimeSpan.FromSeconds(30));

    static async Task InOrderAsync(Spine spine, int count)
    {
        await HandledAsync(spine, count);
        Assert.All(await NumbersAsync(spine), numbers => Assert.Equal(Enumerable.Range(1, count), numbers));
    }

    static async Task<int[][]> NumbersAsync(Spine spine) =>
        await Task.WhenAll(Enumerable.Range(1, Roots).Select(async root =>
            (await spine.Redis.SendAsync(["LRANGE", WorkerProcess.ListOf(IncidentId.OfTicket(root)), 0, -1])).Items.Select(item => (int)item.Number).ToArray()));
}
