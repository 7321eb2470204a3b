using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class SharingTests
{
    [Fact]
    public async Task Partitions_are_shared_fairly_given_up_after_the_work_in_hand_and_taken_back()
    {
        await using var server = await RedisServer.StartAsync();
        var release = new TaskCompletionSource();
        var held = new Recorder(async (_, _, _) =>
        {
            await release.Task;
            return Handled.Done;
        });
        var first = await StartAsync(server, held);
        await SharesAsync(first.Redis, 16);

        // Every partition has work in hand: none may be given up before it is done, or at most after 5 s.
        for (var ticket = 1; ticket <= 60; ticket++)
        {
            await first.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(ticket), 1)), CancellationToken.None);
        }

        await Eventually.TrueAsync(() => held.Deliveries.Count == 60, "all are in hand");
        var other = new Recorder();
        await using var second = await StartAsync(server, other);
        await Task.Delay(1500);
        await SharesAsync(first.Redis, 16);
        release.SetResult();
        await SharesAsync(first.Redis, 8, 8);
        await using var third = await StartAsync(server, other);
        await SharesAsync(second.Redis, 4, 6, 6);
        await first.DisposeAsync();
        await SharesAsync(second.Redis, 8, 8);

        // Nothing that was done was done again.
        Assert.Empty(other.Deliveries);
        Assert.Equal(60, held.Deliveries.Count);
        for (var ticket = 1; ticket <= 60; ticket++)
        {
            await second.Bus.PublishAsync(new CallAnswered(CallId.Of(IncidentId.OfTicket(ticket), 1)), CancellationToken.None);
        }

        await Eventually.TrueAsync(() => other.Deliveries.Count == 60, "the others have them all");
    }

    [Fact]
    public async Task A_handler_that_does_not_end_loses_its_surplus_partition_after_5_s_and_its_message_is_redone()
    {
        await using var server = await RedisServer.StartAsync();
        var stuck = new Recorder(async (_, _, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return Handled.Done;
        });
        await using var first = await StartAsync(server, stuck);
        await SharesAsync(first.Redis, 16);

        // One message in each partition, so that the ones that are given up have one too.
        var roots = Enumerable.Range(1, 500).GroupBy(i => Routes.PartitionOf($"fd-{i}")).Select(group => group.First()).ToArray();
        await Task.WhenAll(roots.Select(root => first.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(root), 1)), CancellationToken.None)));
        await Eventually.TrueAsync(() => stuck.Deliveries.Count == 16, "all are in hand");
        var other = new Recorder();
        await using var second = await StartAsync(server, other);
        await Eventually.TrueAsync(() => other.Deliveries.Count == 8, "the other has done its share", TimeSpan.FromSeconds(15));
        Assert.All(other.Deliveries, delivery => Assert.Equal(2, delivery.DeliveryCount));
    }

    [Fact]
    public async Task A_handler_that_fails_because_its_partition_was_taken_away_does_not_block_its_root()
    {
        await using var server = await RedisServer.StartAsync();
        var fails = true;
        var handler = new Recorder(async (_, _, ct) =>
        {
            if (fails)
            {
                var cancelled = new TaskCompletionSource();
                await using var registration = ct.Register(cancelled.SetResult);
                await cancelled.Task;
                throw new InvalidOperationException("The socket was closed under me.");
            }

            return Handled.Done;
        });
        await using var spine = await StartAsync(server, handler);
        await SharesAsync(spine.Redis, 16);
        var call = CallId.Of(IncidentId.OfTicket(1), 1);
        await spine.Bus.PublishAsync(new CallRinging(call), CancellationToken.None);
        await Eventually.TrueAsync(() => handler.Deliveries.Count == 1, "it is in hand");

        // Somebody else takes everything and dies at once.
        var leases = Enumerable.Range(0, Routes.Partitions).Select(partition => (RedisArg)$"cm:lease:agent-{partition}");
        await spine.Redis.SendAsync(["DEL", "cm:workers", .. leases]);
        fails = false;
        Assert.Equal(Routes.Partitions, (await new PartitionLeases(spine.Redis, "other").BeatAsync("other", true, [], CancellationToken.None)).Held.Count);
        await spine.Bus.PublishAsync(new CallAnswered(call), CancellationToken.None);
        await Eventually.TrueAsync(() => handler.Deliveries.Count == 3, "both are handled by the next holder, which is the same", TimeSpan.FromSeconds(12));
        Assert.Equal([typeof(CallRinging), typeof(CallRinging), typeof(CallAnswered)], handler.Deliveries.Select(delivery => delivery.Message.GetType()));
    }

    static Task<Spine> StartAsync(RedisServer server, Recorder recorder) =>
        Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(recorder).AddAgentPartitions<Recorder>());

    static Task SharesAsync(RedisClient redis, params int[] shares) => Eventually.TrueAsync(
        async () =>
        {
            var leases = new List<string>();
            foreach (var key in (await redis.SendAsync(["KEYS", "cm:lease:agent-*"])).Items)
            {
                leases.Add((await redis.SendAsync(["GET", key.Bytes])).Text?.Split(' ')[0] ?? "");
            }

            return leases.GroupBy(holder => holder).Select(group => group.Count()).Order().SequenceEqual(shares);
        },
        $"the shares are {string.Join(", ", shares)}", TimeSpan.FromSeconds(12));
}
