using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class DeliveryTests
{
    static readonly CallId s_call = CallId.Of(IncidentId.OfTicket(4711), 1);

    static Task<Spine> WorkerAsync(RedisServer server, Recorder agent) =>
        Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());

    static Task<Spine> TelephonyAsync(RedisServer server, Recorder telephony) =>
        Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(telephony).AddWorkStream<Recorder>(Keys.Telephony));

    [Fact]
    public async Task Ten_retries_do_not_count_as_failures()
    {
        await using var server = await RedisServer.StartAsync();
        var tries = 0;
        var telephony = new Recorder((_, _, _) => ValueTask.FromResult(++tries <= 10 ? Handled.Retry(TimeSpan.Zero) : Handled.Done));
        await using var spine = await TelephonyAsync(server, telephony);
        await spine.Bus.PublishAsync(new EndCall(s_call, "test"), CancellationToken.None);
        await Eventually.TrueAsync(() => telephony.Deliveries.Count == 11, "ten retries and a success");
        Assert.All(telephony.Deliveries, delivery => Assert.Equal(1, delivery.DeliveryCount));
        Assert.Equal(0, await spine.Get<DeadLetters>().CountAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_step_that_ends_in_retry_or_dead_is_committed_too()
    {
        await using var server = await RedisServer.StartAsync();
        var telephony = new Recorder((delivery, step, _) =>
        {
            step.AddToSet("test:seen", delivery.Message is EndCall ? "dead" : "retry");
            return ValueTask.FromResult(delivery.Message is EndCall ? Handled.Dead("No such call.") : Handled.Retry(TimeSpan.FromHours(1)));
        });
        await using var spine = await TelephonyAsync(server, telephony);
        await spine.Bus.PublishAsync(new EndCall(s_call, "test"), CancellationToken.None);
        await spine.Bus.PublishAsync(new PlaceCall(s_call, PhoneNumber.Parse("+12025550123"), Priority.High), CancellationToken.None);
        await Eventually.TrueAsync(async () => (await spine.Redis.SendAsync(["SCARD", "test:seen"])).Number == 2, "both steps are committed");
        var dead = Assert.Single(await spine.Get<DeadLetters>().ListAsync(10, null, CancellationToken.None));
        Assert.Equal(("No such call.", nameof(EndCall), 1), (dead.Error, dead.Type, dead.Deliveries));
        Assert.Equal(1, (await spine.Redis.SendAsync(["ZCARD", Keys.Timers])).Number);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_heeds_no_token_is_left_behind_and_neither_its_call_nor_others_wait_for_it(bool blocksItsThread)
    {
        await using var server = await RedisServer.StartAsync();
        using var hang = new ManualResetEventSlim();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var agent = new Recorder(async (delivery, step, _) =>
        {
            step.AddToSet("test:effects", delivery.Message.GetType().Name);
            if (delivery.Message is CallRinging)
            {
                if (blocksItsThread)
                {
                    hang.Wait(CancellationToken.None);
                }

                await release.Task;
            }

            return Handled.Done;
        });
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services
            .AddSingleton(new HandlingLimits(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(200))).AddSingleton(agent).AddAgentPartitions<Recorder>());
        var abandoned = 0L;
        using var meter = new System.Diagnostics.Metrics.MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Name == "citymonitor.messaging.abandoned") { listener.EnableMeasurementEvents(instrument); } } };
        meter.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref abandoned, count));
        meter.Start();

        await spine.Bus.PublishAsync(new CallRinging(s_call), CancellationToken.None);
        await spine.Bus.PublishAsync(new CallAnswered(s_call), CancellationToken.None);
        var other = CallId.Of(IncidentId.OfTicket(4712), 1);
        await spine.Bus.PublishAsync(new CallAnswered(other), CancellationToken.None);

        await Eventually.TrueAsync(() => agent.Deliveries.Any(delivery => delivery.Message is DeadLettered), "the incident's worker is told");
        await Eventually.TrueAsync(() => agent.Deliveries.Count(delivery => delivery.Message is CallAnswered) == 2, "its call and the other go on");
        Assert.Single(agent.Deliveries, delivery => delivery.Message is CallRinging);
        var dead = Assert.Single(await spine.Get<DeadLetters>().ListAsync(10, null, CancellationToken.None));
        Assert.Contains("does not stop when told to", dead.Error, StringComparison.Ordinal);
        Assert.True(Interlocked.Read(ref abandoned) >= 1);

        // What it does when it wakes up after all has no effect.
        hang.Set();
        release.SetResult();
        await spine.Bus.PublishAsync(new CallAnswered(s_call), CancellationToken.None);
        await Eventually.TrueAsync(() => agent.Deliveries.Count(delivery => delivery.Message is CallAnswered) == 3, "a later message");
        Assert.Equal(0, (await spine.Redis.SendAsync(["SISMEMBER", "test:effects", nameof(CallRinging)])).Number);
        Assert.Equal(1, (await spine.Redis.SendAsync(["SISMEMBER", "test:effects", nameof(CallAnswered)])).Number);
    }

    [Fact]
    public async Task A_handler_that_takes_too_long_and_stops_when_told_to_is_started_again()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder(async (delivery, _, ct) =>
        {
            if (delivery.DeliveryCount == 1)
            {
                await Task.Delay(Timeout.Infinite, ct);
            }

            return Handled.Done;
        });
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services
            .AddSingleton(new HandlingLimits(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(10))).AddSingleton(agent).AddAgentPartitions<Recorder>());

        await spine.Bus.PublishAsync(new CallRinging(s_call), CancellationToken.None);

        await Eventually.TrueAsync(() => agent.Deliveries.Select(delivery => delivery.DeliveryCount).SequenceEqual([1L, 2L]), "a second start");
        Assert.Equal(0, await spine.Get<DeadLetters>().CountAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Five_failures_bury_a_message_and_tell_the_incidents_worker_and_the_audit()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder((delivery, step, _) =>
        {
            step.AddToSet("test:effects", "none");
            return delivery.Message is CallRinging ? throw new InvalidOperationException("I cannot.") : ValueTask.FromResult(Handled.Done);
        });
        await using var spine = await WorkerAsync(server, agent);
        await spine.Bus.PublishAsync(new CallRinging(s_call), CancellationToken.None);
        await spine.Bus.PublishAsync(new CallAnswered(s_call), CancellationToken.None);
        await Eventually.TrueAsync(() => agent.Deliveries.Any(delivery => delivery.Message is DeadLettered), "the incident's worker is told");

        Assert.Equal([1, 2, 3, 4, 5], agent.Deliveries.Where(delivery => delivery.Message is CallRinging).Select(delivery => delivery.DeliveryCount));
        Assert.IsType<CallAnswered>(agent.Deliveries.ElementAt(5).Message);
        var told = (DeadLettered)agent.Deliveries.ElementAt(6).Message;
        Assert.Equal(("fd-4711", nameof(CallRinging)), (told.Root, told.Type));
        Assert.Contains("I cannot.", told.Error);
        var dead = Assert.Single(await spine.Get<DeadLetters>().ListAsync(10, null, CancellationToken.None));
        Assert.Equal(("fd-4711", "fd-4711.1", 5), (dead.Incident, dead.Call, dead.Deliveries));
        Assert.Equal(1, (await spine.Redis.SendAsync(["XLEN", Keys.Audit])).Number);
        Assert.Equal(0, (await spine.Redis.SendAsync(["XPENDING", dead.Stream, "agents"])).Items[0].Number);
    }

    [Fact]
    public async Task A_dead_letter_is_replayed_once()
    {
        await using var server = await RedisServer.StartAsync();
        var mended = false;
        var telephony = new Recorder((_, _, _) => ValueTask.FromResult(mended ? Handled.Done : Handled.Dead("Not yet.")));
        await using var spine = await TelephonyAsync(server, telephony);
        var letters = spine.Get<DeadLetters>();
        await spine.Bus.PublishAsync(new EndCall(s_call, "test"), CancellationToken.None);
        await Eventually.TrueAsync(async () => await letters.CountAsync(CancellationToken.None) == 1, "it is dead");
        mended = true;
        var dead = Assert.Single(await letters.ListAsync(10, null, CancellationToken.None));
        Assert.True(await letters.ReplayAsync(dead.Id, CancellationToken.None));
        Assert.False(await letters.ReplayAsync(dead.Id, CancellationToken.None));
        await Eventually.TrueAsync(() => telephony.Deliveries.Count == 2, "it comes again");
        Assert.Equal(new EndCall(s_call, "test"), telephony.Deliveries.Last().Message);
        Assert.Equal(1, telephony.Deliveries.Last().DeliveryCount);
        Assert.False(await letters.DiscardAsync(dead.Id, CancellationToken.None));
    }

    [Theory]
    [InlineData("nonsense", "x")]
    [InlineData("type", "NoSuchMessage", "data", "{}")]
    [InlineData("type", "CallRinging")]
    [InlineData("type", "CallRinging", "data", "not json")]
    [InlineData("type", "CallRinging", "data", "null")]
    [InlineData("type", "CallRinging", "data", "{\"call\":\"no good id!\"}")]
    [InlineData("type", "CallRinging", "data", "{}")]
    [InlineData("type", "CallEnded", "data", "{\"call\":\"fd-1.1\",\"end\":\"NoSuchEnd\"}")]
    public async Task Poison_is_buried_and_the_next_message_is_handled(params string[] fields)
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder();
        var telephony = new Recorder();
        await using var worker = await WorkerAsync(server, agent);
        await using var phone = await TelephonyAsync(server, telephony);
        RedisArg[] poison = [.. fields.Select(field => (RedisArg)field)];
        var partition = Keys.AgentPartition(Routes.PartitionOf("fd-4711"));
        await worker.Redis.SendAsync(["XADD", partition, "*", .. poison]);
        await worker.Redis.SendAsync(["XADD", Keys.Telephony, "*", .. poison]);
        await worker.Bus.PublishAsync(new CallAnswered(s_call), CancellationToken.None);
        await worker.Bus.PublishAsync(new EndCall(s_call, "test"), CancellationToken.None);
        await Eventually.TrueAsync(() => agent.Deliveries.Count == 1 && telephony.Deliveries.Count == 1, "the good ones are handled");
        await Eventually.TrueAsync(async () => await worker.Get<DeadLetters>().CountAsync(CancellationToken.None) == 2, "the bad ones are dead");
    }

    [Fact]
    public async Task A_long_handler_keeps_its_entry_and_what_a_dead_consumer_left_is_claimed()
    {
        await using var server = await RedisServer.StartAsync();
        await using var probe = await Spine.StartAsync(server.ConnectionString);
        await probe.Redis.SendAsync(["XGROUP", "CREATE", Keys.Telephony, "workers", "0", "MKSTREAM"]);
        await probe.Bus.PublishAsync(new EndCall(s_call, "left behind"), CancellationToken.None);
        await probe.Redis.SendAsync(["XREADGROUP", "GROUP", "workers", "dead-consumer", "STREAMS", Keys.Telephony, ">"]);
        await probe.Bus.PublishAsync(new EndCall(s_call, "long"), CancellationToken.None);

        var release = new TaskCompletionSource();
        Recorder Handler() => new(async (delivery, _, _) =>
        {
            if (delivery.Message is EndCall { Reason: "long" })
            {
                await release.Task;
            }

            return Handled.Done;
        });
        var (one, two) = (Handler(), Handler());
        await using var first = await TelephonyAsync(server, one);
        await using var second = await TelephonyAsync(server, two);
        IEnumerable<Delivery> All() => one.Deliveries.Concat(two.Deliveries);
        await Eventually.TrueAsync(() => All().Any(delivery => delivery.Message is EndCall { Reason: "left behind" }), "claimed", TimeSpan.FromSeconds(15));
        await Task.Delay(TimeSpan.FromSeconds(2));
        release.SetResult();
        await Eventually.TrueAsync(async () => (await probe.Redis.SendAsync(["XPENDING", Keys.Telephony, "workers"])).Items[0].Number == 0, "acknowledged");
        Assert.Single(All(), delivery => delivery.Message is EndCall { Reason: "long" });
        Assert.Equal(2, Assert.Single(All(), delivery => delivery.Message is EndCall { Reason: "left behind" }).DeliveryCount);
    }

    [Fact]
    public async Task One_incidents_long_handler_does_not_hold_up_another_incident()
    {
        await using var server = await RedisServer.StartAsync();
        var release = new TaskCompletionSource();
        var agent = new Recorder(async (delivery, _, _) =>
        {
            if (delivery.Message is CallRinging { Call.Root: "fd-1" })
            {
                await release.Task;
            }

            return Handled.Done;
        });
        await using var spine = await WorkerAsync(server, agent);
        await spine.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(1), 1)), CancellationToken.None);
        for (var ticket = 2; ticket <= 50; ticket++)
        {
            await spine.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(ticket), 1)), CancellationToken.None);
        }

        await Eventually.TrueAsync(() => agent.Deliveries.Count == 50, "all others are handled");
        release.SetResult();
    }
}
