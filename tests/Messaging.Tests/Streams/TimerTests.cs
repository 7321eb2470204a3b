using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class TimerTests
{
    static readonly string s_root = "fd-4711";

    [Fact]
    public async Task A_timer_comes_when_it_is_due_and_not_before()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder();
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await ScheduleAsync(spine, new TimerDue(s_root, "eta", CallId.Parse("fd-4711.1")), TimeSpan.FromMinutes(20));
        await ScheduleAsync(spine, new TimerDue(s_root, "soon"), TimeSpan.FromMilliseconds(100));
        await Eventually.TrueAsync(() => agent.Deliveries.Count == 1, "the short one comes");

        // Twenty minutes pass.
        await spine.Redis.SendAsync(["SET", Keys.TimerOffset, (long)TimeSpan.FromMinutes(20).TotalMilliseconds]);
        await Eventually.TrueAsync(() => agent.Deliveries.Count == 2, "the long one comes");
        Assert.Equal(new TimerDue(s_root, "eta", CallId.Parse("fd-4711.1")), agent.Deliveries.Last().Message);
        Assert.Equal(0, (await spine.Redis.SendAsync(["EXISTS", Keys.Timers, Keys.TimerMessages])).Number);
    }

    [Fact]
    public async Task Setting_a_timer_again_moves_it_and_cancelling_ends_it()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder();
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await ScheduleAsync(spine, new TimerDue(s_root, "moved"), TimeSpan.FromMilliseconds(300));
        await ScheduleAsync(spine, new TimerDue(s_root, "moved"), TimeSpan.FromHours(1));
        await ScheduleAsync(spine, new TimerDue(s_root, "cancelled"), TimeSpan.FromMilliseconds(300));
        var step = spine.Bus.BeginStep();
        step.CancelTimer(s_root, "cancelled");
        await spine.Bus.CommitAsync(step, CancellationToken.None);
        await ScheduleAsync(spine, new TimerDue(s_root, "last"), TimeSpan.FromMilliseconds(500));
        await Eventually.TrueAsync(() => !agent.Deliveries.IsEmpty, "the last one comes");
        Assert.Equal(new TimerDue(s_root, "last"), Assert.Single(agent.Deliveries).Message);
        Assert.Equal(["moved"], await spine.Get<Timers>().SetAsync(s_root, ["moved", "cancelled", "last"], CancellationToken.None));
    }

    [Fact]
    public async Task Two_pumps_at_once_move_each_timer_once_into_its_partition()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await Spine.StartAsync(server.ConnectionString);
        await using var two = await Spine.StartAsync(server.ConnectionString);
        const int Count = 1000;
        var step = one.Bus.BeginStep();
        for (var i = 0; i < Count; i++)
        {
            step.Schedule(new TimerDue($"fd-{i}", "x"), TimeSpan.Zero);
        }

        await one.Bus.CommitAsync(step, CancellationToken.None);
        await Task.WhenAll(PumpAsync(one), PumpAsync(two), PumpAsync(one), PumpAsync(two));

        var seen = new List<string>();
        for (var partition = 0; partition < Routes.Partitions; partition++)
        {
            var entries = (await one.Redis.SendAsync(["XRANGE", Keys.AgentPartition(partition), "-", "+"])).Items;
            foreach (var root in entries.Select(entry => entry.Items[1].ToDictionary()[Envelope.Incident].Text!))
            {
                Assert.Equal(partition, Routes.PartitionOf(root));
                seen.Add(root);
            }
        }

        Assert.Equal(Count, seen.Count);
        Assert.Equal(Count, seen.Distinct().Count());

        static async Task PumpAsync(Spine spine)
        {
            var pump = new TimerPump(spine.Get<Leases>(), spine.Redis, TimeProvider.System, NullLogger<TimerPump>.Instance);
            while (await pump.MoveDueAsync(CancellationToken.None) > 0)
            {
            }
        }
    }

    [Fact]
    public async Task A_timer_whose_stream_cannot_take_it_waits_and_holds_up_no_other()
    {
        await using var server = await RedisServer.StartAsync();
        await using var spine = await Spine.StartAsync(server.ConnectionString);
        var blocked = Keys.AgentPartition(Routes.PartitionOf("fd-1"));
        var free = Enumerable.Range(2, 100).Select(i => $"fd-{i}").First(root => Keys.AgentPartition(Routes.PartitionOf(root)) != blocked);
        await ScheduleAsync(spine, new TimerDue("fd-1", "x"), TimeSpan.Zero);
        await ScheduleAsync(spine, new TimerDue(free, "x"), TimeSpan.Zero);
        await spine.Redis.SendAsync(["SET", blocked, "not a stream"]);
        using var pump = new TimerPump(spine.Get<Leases>(), spine.Redis, TimeProvider.System, NullLogger<TimerPump>.Instance);
        await Eventually.TrueAsync(async () => await pump.MoveDueAsync(CancellationToken.None) == 0, "all due ones were looked at");
        Assert.Equal(1, (await spine.Redis.SendAsync(["XLEN", Keys.AgentPartition(Routes.PartitionOf(free))])).Number);
        await spine.Redis.SendAsync(["DEL", blocked]);
        await spine.Redis.SendAsync(["SET", Keys.TimerOffset, 6000]);
        Assert.Equal(1, await pump.MoveDueAsync(CancellationToken.None));
        Assert.Equal(1, (await spine.Redis.SendAsync(["XLEN", blocked])).Number);
    }

    static async Task ScheduleAsync(Spine spine, TimerDue timer, TimeSpan delay)
    {
        var step = spine.Bus.BeginStep();
        step.Schedule(timer, delay);
        await spine.Bus.CommitAsync(step, CancellationToken.None);
    }
}
