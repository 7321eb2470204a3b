using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

/// <summary>Nothing that Redis does stops a consumer, and no message is lost or counted as failed because of it.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    readonly Recorder _agent = new();
    readonly Recorder _telephony = new();
    RedisServer _server = null!;
    Spine _worker = null!;
    Spine _phone = null!;
    int _sent;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _worker = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(_agent).AddAgentPartitions<Recorder>());
        _phone = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(_telephony).AddWorkStream<Recorder>(Keys.Telephony));
        await GoesOnAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _phone.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Killed_and_started_again_with_messages_under_way()
    {
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await SendAsync(1000 + i);
                await Task.Delay(2);
            }
        });
        await Task.Delay(100);
        _server.Kill();
        await Task.Delay(200);
        await _server.StartAgainAsync();
        await sending;

        // At least once: a message whose first try had an unknown outcome may be there twice.
        await Eventually.TrueAsync(() => Seen(_agent).IsSupersetOf(Enumerable.Range(1000, 200)) && Seen(_telephony).IsSupersetOf(Enumerable.Range(1000, 200)), "all arrive");
        await GoesOnAsync();
        Assert.Equal(0, await _worker.Get<DeadLetters>().CountAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Frozen_for_longer_than_the_leases()
    {
        _server.Freeze();
        await Task.Delay(TimeSpan.FromSeconds(4));
        _server.Thaw();
        await GoesOnAsync();
    }

    [Fact]
    public async Task Wiped()
    {
        await _server.CommandAsync("FLUSHALL");
        await GoesOnAsync();
        await _server.CommandAsync("SCRIPT", "FLUSH");
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_group_destroyed()
    {
        await _server.CommandAsync("XGROUP", "DESTROY", Keys.Telephony, "workers");
        for (var partition = 0; partition < Routes.Partitions; partition++)
        {
            await _server.CommandAsync("XGROUP", "DESTROY", Keys.AgentPartition(partition), "agents");
        }

        await GoesOnAsync();
    }

    [Fact]
    public async Task A_stream_replaced_by_something_else()
    {
        foreach (var stream in Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition).Append(Keys.Telephony))
        {
            await _server.CommandAsync("DEL", stream);
            await _server.CommandAsync("SET", stream, "not a stream");
        }

        await GoesOnAsync();
        Assert.Equal("not a stream", (await _worker.Redis.SendAsync(["GET", Keys.Quarantine(Keys.Telephony)])).Text);
    }

    [Fact]
    public async Task Out_of_memory()
    {
        await _server.ConfigSetAsync("maxmemory", "1");
        var sending = SendAsync(++_sent);
        await Task.Delay(300);
        Assert.False(sending.IsCompleted);
        await _server.ConfigSetAsync("maxmemory", "0");
        await sending;
        await ArrivesAsync(_sent);
    }

    [Fact]
    public async Task Work_that_is_already_in_is_finished_while_memory_is_full()
    {
        await _worker.Redis.SendAsync(["SET", "test:gate", "1"]);
        await SendAsync(++_sent);
        await _server.ConfigSetAsync("maxmemory", "1");
        await ArrivesAsync(_sent);
        await Eventually.TrueAsync(async () => (await _worker.Redis.SendAsync(["XPENDING", Keys.Telephony, "workers"])).Items[0].Number == 0, "acknowledged");
    }

    [Fact]
    public async Task A_replica_for_a_while()
    {
        await _server.CommandAsync("REPLICAOF", "127.0.0.1", "1");
        var sending = SendAsync(++_sent);
        await Task.Delay(1500);
        Assert.False(sending.IsCompleted);
        await _server.CommandAsync("REPLICAOF", "NO", "ONE");
        await sending;
        await ArrivesAsync(_sent);
        Assert.Equal(0, await _worker.Get<DeadLetters>().CountAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_handler_that_meets_an_outage_is_asked_again_and_not_blamed()
    {
        var tries = 0;
        var telephony = new Recorder((_, _, _) => ++tries <= 7 ? throw new RedisServerException("LOADING", "LOADING Redis is loading the dataset in memory") : ValueTask.FromResult(Handled.Done));
        await using var media = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(telephony).AddWorkStream<Recorder>(Keys.Media));
        await media.Bus.PublishAsync(new PrepareGreeting(CallId.Parse("fd-1.1")), CancellationToken.None);
        await Eventually.TrueAsync(() => tries == 8, "asked again");
        Assert.All(telephony.Deliveries, delivery => Assert.Equal(1, delivery.DeliveryCount));
    }

    [Fact]
    public async Task A_publish_gives_up_when_its_patience_is_over()
    {
        await using var bus = await Spine.StartAsync(_server.ConnectionString);
        var hasty = new MessageBus(bus.Redis, bus.Get<Committer>(), TimeProvider.System) { Patience = TimeSpan.FromMilliseconds(300) };
        await _server.ConfigSetAsync("maxmemory", "1");
        var error = await Assert.ThrowsAsync<RedisServerException>(() => hasty.PublishAsync(new TicketTouched(1), CancellationToken.None));
        Assert.Equal("OOM", error.Code);
    }

    async Task GoesOnAsync()
    {
        await SendAsync(++_sent);
        await ArrivesAsync(_sent);
    }

    Task ArrivesAsync(int number) => Eventually.TrueAsync(() => Seen(_agent).Contains(number) && Seen(_telephony).Contains(number), $"number {number} arrives");

    Task SendAsync(int number) => Task.WhenAll(
        _worker.Bus.PublishAsync(new CallRinging(CallId.Parse($"fd-{number}.1")), CancellationToken.None),
        _worker.Bus.PublishAsync(new EndCall(CallId.Parse($"fd-{number}.1"), "test"), CancellationToken.None));

    static HashSet<int> Seen(Recorder recorder) =>
        [.. recorder.Deliveries.Select(delivery => int.Parse(Routes.RootOf(delivery.Message)!["fd-".Length..], CultureInfo.InvariantCulture))];
}
