using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class StepTests : IAsyncLifetime
{
    static readonly IncidentId s_incident = IncidentId.OfTicket(4711);
    static readonly CallId s_call = CallId.Of(s_incident, 1);

    RedisServer _server = null!;
    Spine _spine = null!;

    RedisClient Redis => _spine.Redis;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _spine = await Spine.StartAsync(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _spine.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Every_operation_of_a_step_is_done()
    {
        var step = _spine.Bus.BeginStep();
        step.Set("s", 7, NumberJson.Default.Int32);
        step.Set("s-ttl", 8, NumberJson.Default.Int32, TimeSpan.FromMinutes(1));
        step.SetFields("h", new Dictionary<string, RedisArg> { ["a"] = 1, ["b"] = "two", ["c"] = "gone" }, TimeSpan.FromMinutes(1));
        step.DeleteFields("h", "c");
        step.SetFields("wide", Enumerable.Range(0, 5000).ToDictionary(i => $"{i}", i => (RedisArg)i));
        step.AddToSet("set", "x");
        step.AddToSet("set", "y");
        step.RemoveFromSet("set", "x");
        step.AddToSortedSet("z", "m", 1.5);
        step.AddToSortedSet("z", "n", 1700000000000);
        step.RemoveFromSortedSet("z", "m");
        step.PushToList("l", 1, NumberJson.Default.Int32, TimeSpan.FromMinutes(1));
        step.PushToList("l", 2, NumberJson.Default.Int32);
        await Redis.SendAsync(["SET", "d", "x"]);
        step.Delete("d");
        step.Publish(new TicketTouched(1));
        step.Schedule(new TimerDue(s_incident.Value, "eta"), TimeSpan.FromHours(1));
        step.Schedule(new TimerDue(s_incident.Value, "other"), TimeSpan.FromHours(1));
        step.CancelTimer(s_incident.Value, "other");
        await _spine.Bus.CommitAsync(step, CancellationToken.None);

        Assert.Equal("7", (await Redis.SendAsync(["GET", "s"])).Text);
        Assert.InRange((await Redis.SendAsync(["PTTL", "s-ttl"])).Number, 1, 60_000);
        Assert.Equal(["1", "two"], (await Redis.SendAsync(["HMGET", "h", "a", "b"])).Items.Select(item => item.Text));
        Assert.Equal(0, (await Redis.SendAsync(["HEXISTS", "h", "c"])).Number);
        Assert.InRange((await Redis.SendAsync(["PTTL", "h"])).Number, 1, 60_000);
        Assert.Equal(5000, (await Redis.SendAsync(["HLEN", "wide"])).Number);
        Assert.Equal("y", Assert.Single((await Redis.SendAsync(["SMEMBERS", "set"])).Items).Text);
        Assert.Equal("1700000000000", (await Redis.SendAsync(["ZSCORE", "z", "n"])).Text);
        Assert.True((await Redis.SendAsync(["ZSCORE", "z", "m"])).IsNull);
        Assert.Equal(["1", "2"], (await Redis.SendAsync(["LRANGE", "l", 0, -1])).Items.Select(item => item.Text));
        Assert.InRange((await Redis.SendAsync(["PTTL", "l"])).Number, 1, 60_000);
        Assert.Equal(0, (await Redis.SendAsync(["EXISTS", "d"])).Number);
        Assert.Equal(1, (await Redis.SendAsync(["XLEN", Keys.Tickets])).Number);
        Assert.Equal(["eta"], await _spine.Get<Timers>().SetAsync(s_incident.Value, ["eta", "other"], CancellationToken.None));
    }

    [Fact]
    public async Task A_key_of_a_wrong_type_stops_the_whole_step_before_it_starts()
    {
        await Redis.SendAsync(["SET", "wrong", "text"]);
        var (entry, place) = await ReadOneAsync();
        var step = new Step(TimeProvider.System);
        step.Set("first", 1, NumberJson.Default.Int32);
        step.Publish(new TicketTouched(1));
        step.AddToSet("wrong", "x");
        var committer = _spine.Get<Committer>();
        var error = await Assert.ThrowsAsync<RedisServerException>(async () => await committer.CommitAsync(step, entry.Stream, place.Group, entry.Id, null, CancellationToken.None));
        Assert.Equal("WRONGTYPE", error.Code);
        Assert.Contains("wrong is a string, not a set", error.Message);
        Assert.Equal(0, (await Redis.SendAsync(["EXISTS", "first", Keys.Tickets])).Number);
        Assert.Equal(1, (await Redis.SendAsync(["XPENDING", entry.Stream, place.Group])).Items[0].Number);
    }

    [Fact]
    public async Task A_step_counts_once_however_often_it_is_committed()
    {
        var (entry, place) = await ReadOneAsync();
        var step = new Step(TimeProvider.System);
        step.PushToList("l", 1, NumberJson.Default.Int32);
        var committer = _spine.Get<Committer>();
        Task<CommitResult> CommitAsync() => committer.CommitAsync(step, entry.Stream, place.Group, entry.Id, null, CancellationToken.None).AsTask();
        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => CommitAsync()));
        Assert.Equal(9, results.Count(result => result == CommitResult.NotPending));
        Assert.Equal(1, (await Redis.SendAsync(["LLEN", "l"])).Number);
    }

    [Fact]
    public async Task An_old_holders_commit_is_refused_whole_once_another_has_taken_the_lease()
    {
        var leases = new PartitionLeases(Redis, "worker-one");
        var old = await leases.BeatAsync("reader-one", true, [], CancellationToken.None);
        Assert.Equal(Routes.Partitions, old.Held.Count);
        var partition = Routes.PartitionOf(s_call.Root);
        var fence = new Fence(PartitionLeases.Name(partition), old.Held[partition].Epoch);
        var (entry, place) = await ReadOneAsync();
        var committer = _spine.Get<Committer>();

        // A lapsed lease that nobody took is still good: the epoch decides, not the clock.
        await Redis.SendAsync(["DEL", Keys.Lease(fence.Lease)]);
        var first = new Step(TimeProvider.System);
        first.Set("first", 1, NumberJson.Default.Int32);
        Assert.Equal(CommitResult.Done, await committer.CommitAsync(first, "", "", "", fence, CancellationToken.None));

        await Redis.SendAsync(["DEL", Keys.Lease(fence.Lease), Keys.Workers]);
        var taken = await new PartitionLeases(Redis, "worker-two").BeatAsync("reader-two", true, [], CancellationToken.None);
        Assert.Equal("reader-one", taken.Held[partition].PreviousReader);
        Assert.True(taken.Held[partition].Epoch > fence.Epoch);
        var late = new Step(TimeProvider.System);
        late.Set("late", 1, NumberJson.Default.Int32);
        Assert.Equal(CommitResult.Fenced, await committer.CommitAsync(late, entry.Stream, place.Group, entry.Id, fence, CancellationToken.None));
        Assert.Equal(0, (await Redis.SendAsync(["EXISTS", "late"])).Number);
        Assert.Equal(1, (await Redis.SendAsync(["XPENDING", entry.Stream, place.Group])).Items[0].Number);
        Assert.DoesNotContain(partition, (await leases.BeatAsync("reader-one", true, [(partition, fence.Epoch)], CancellationToken.None)).Held.Keys);
    }

    [Fact]
    public async Task An_epoch_rises_even_when_Redis_was_wiped()
    {
        var leases = _spine.Get<Leases>();
        var before = await leases.TakeAsync("job", CancellationToken.None);
        await Redis.SendAsync(["FLUSHALL"]);
        await Task.Delay(2);
        var after = await leases.TakeAsync("job", CancellationToken.None);
        Assert.True(after > before);
        Assert.Null(await leases.TakeAsync("job", CancellationToken.None));
        Assert.False(await leases.RenewAsync("job", before!.Value, CancellationToken.None));
        Assert.True(await leases.RenewAsync("job", after!.Value, CancellationToken.None));
    }

    [Fact]
    public async Task Speech_follows_its_call_to_another_bridge_and_is_dropped_where_none_holds_it()
    {
        var (one, two) = (new Ear(), new Ear());
        await using var first = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(one).AddSpeechStream<Ear>());
        await using var second = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(two).AddSpeechStream<Ear>());
        var calls = _spine.Get<CallStore>();
        await SayAsync("nobody");
        Assert.Equal(1, await calls.BeginStreamAsync(s_call, first.Get<BridgeId>().Value, CancellationToken.None));
        await SayAsync("one");
        await Eventually.TrueAsync(() => one.Heard.Count == 1, "the first bridge hears");
        Assert.Equal(2, await calls.BeginStreamAsync(s_call, second.Get<BridgeId>().Value, CancellationToken.None));
        await SayAsync("two");
        await Eventually.TrueAsync(() => two.Heard.Count == 1, "the second bridge hears");
        await calls.WriteAsync(s_call, new Dictionary<string, string> { [CallFields.Bridge] = "" }, CancellationToken.None);
        await SayAsync("nobody");
        Assert.Equal(["one"], one.Heard.Select(message => ((SayNews)message).Text));
        Assert.Equal(["two"], two.Heard.Select(message => ((SayNews)message).Text));
        Assert.InRange((await Redis.SendAsync(["PTTL", Keys.Speech(first.Get<BridgeId>().Value)])).Number, 1, Trimming.SpeechMilliseconds);

        async Task SayAsync(string text)
        {
            var step = _spine.Bus.BeginStep();
            step.Publish(new SayNews(s_call, text));
            await _spine.Bus.CommitAsync(step, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_listener_that_throws_and_an_entry_that_is_no_speech_silence_nobody()
    {
        var ear = new Ear(message => message is FinishCall ? throw new InvalidOperationException("No.") : 0);
        await using var bridge = await Spine.StartAsync(_server.ConnectionString, services => services.AddSingleton(ear).AddSpeechStream<Ear>());
        var id = bridge.Get<BridgeId>().Value;
        await _spine.Get<CallStore>().BeginStreamAsync(s_call, id, CancellationToken.None);
        await Redis.SendAsync(["XADD", Keys.Speech(id), "*", "type", "PlaceCall", "data", "x"]);
        await _spine.Bus.PublishAsync(new FinishCall(s_call, "x"), CancellationToken.None);
        await _spine.Bus.PublishAsync(new SayNews(s_call, "heard"), CancellationToken.None);
        await Eventually.TrueAsync(() => ear.Heard.Any(message => message is SayNews), "the next one is heard");
    }

    [Fact]
    public async Task A_step_with_a_condition_is_done_only_while_the_value_it_was_made_from_still_stands()
    {
        var missing = Conditional(null, 1);
        Assert.True(await _spine.Bus.TryCommitAsync(missing, CancellationToken.None));
        Assert.False(await _spine.Bus.TryCommitAsync(missing, CancellationToken.None));
        var stood = (await Redis.SendAsync(["GET", "value"])).Bytes;
        Assert.True(await _spine.Bus.TryCommitAsync(Conditional(stood, 2), CancellationToken.None));
        Assert.False(await _spine.Bus.TryCommitAsync(Conditional(stood, 3), CancellationToken.None));
        Assert.Equal("2", (await Redis.SendAsync(["GET", "value"])).Text);
        Assert.Equal(2, (await Redis.SendAsync(["XLEN", Keys.Tickets])).Number);

        Step Conditional(ReadOnlyMemory<byte>? before, int value)
        {
            var step = _spine.Bus.BeginStep();
            step.OnlyWhile("value", before);
            step.Set("value", value, NumberJson.Default.Int32);
            step.Publish(new TicketTouched(value));
            return step;
        }
    }

    [Fact]
    public void One_key_cannot_be_two_types_in_one_step()
    {
        var step = _spine.Bus.BeginStep();
        step.AddToSet("key", "x");
        Assert.Throws<InvalidOperationException>(() => step.AddToSortedSet("key", "x", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => step.Set("other", 1, NumberJson.Default.Int32, TimeSpan.Zero));
    }

    async Task<(StreamEntry Entry, ConsumerPlace Place)> ReadOneAsync()
    {
        var stream = Keys.AgentPartition(Routes.PartitionOf(s_call.Root));
        await _spine.Get<Groups>().EnsureAsync(stream, Groups.Agents, CancellationToken.None);
        await _spine.Bus.PublishAsync(new CallRinging(s_call), CancellationToken.None);
        var reply = await Redis.SendAsync(["XREADGROUP", "GROUP", Groups.Agents, AgentPartitions.Holder, "STREAMS", stream, ">"]);
        return (StreamEntry.OfRead(reply).Single(), new ConsumerPlace(Groups.Agents, AgentPartitions.Holder, null));
    }

    sealed class Ear(Func<SpeechMessage, int>? also = null) : ISpeechListener
    {
        public System.Collections.Concurrent.ConcurrentQueue<SpeechMessage> Heard { get; } = new();

        public void Receive(SpeechMessage message)
        {
            Heard.Enqueue(message);
            also?.Invoke(message);
        }
    }
}
