using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class EndingTests(SharedRedis redis)
{
    [Fact]
    public async Task After_the_goodbye_was_heard_to_its_last_word_the_bridge_closes_and_says_why()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync("Thank you, Goodbye!");

        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("finished", reason);
        Assert.EndsWith("Thank you, Goodbye!", phone.Heard, StringComparison.Ordinal);
        Assert.Equal("finished", await bridge.FieldAsync(session.Call, CallFields.End));
        Assert.Equal("finished", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("Thank you, Goodbye!", (await bridge.TurnsAsync(session.Call))[^1].Text);
    }

    [Fact]
    public async Task The_worker_can_finish_the_call_after_the_last_words()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync("It has been withdrawn. Stand down.");
        bridge.Tell(new FinishCall(session.Call, "withdrawn"));

        await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.EndsWith("Stand down.", phone.Heard, StringComparison.Ordinal);
        Assert.Equal("withdrawn", await bridge.FieldAsync(session.Call, CallFields.End));
    }

    [Fact]
    public async Task Silence_is_prompted_and_then_ends_with_the_flows_goodbye()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { SilenceSeconds = 1, SilencePrompts = ["Hello?"] } });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        Assert.Equal("Hello?", (string?)(await agent.NextAsync("InjectAgentMessage"))["message"]);
        await agent.SayAsync("Hello?");
        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("silence", reason);
        Assert.Equal("City desk here. Hello? Good bye now.", phone.Heard);
        Assert.Equal("silence", await bridge.FieldAsync(session.Call, CallFields.End));
    }

    /// <summary>What a minute of it is in a real call (two prompts of 30 s): no frame, no mark, no close.</summary>
    [Fact]
    public async Task A_phone_that_sends_nothing_at_all_is_asked_and_then_let_go()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { SilenceSeconds = 1, SilencePrompts = ["Hello?"] } });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        phone.Frozen = true;

        Assert.Equal("Hello?", (string?)(await agent.NextAsync("InjectAgentMessage"))["message"]);
        await agent.SayAsync("Hello?");
        Assert.Equal("silence", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(40))).Reason);
        await Eventually.TrueAsync(() => !bridge.Streams.HasSockets && deepgram.OpenSockets == 0, "nothing is left of it");
    }

    [Fact]
    public async Task A_word_of_the_caller_starts_the_silence_over()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { SilenceSeconds = 1, SilencePrompts = ["Hello?", "Anyone?"] } });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("Hello?", (string?)(await agent.NextAsync("InjectAgentMessage"))["message"]);
            await agent.SayAsync("Hello?");
            await phone.HeardAsync("Hello?");
            await phone.SayAsync("Yes yes");
            await agent.UserSaidAsync("Yes yes");
            await agent.SayAsync($"Fine {i}.");
            await phone.HeardAsync($"Fine {i}.");
        }

        Assert.False(phone.Closed.IsCompleted);
    }

    [Fact]
    public async Task The_longest_duration_ends_the_call_with_the_goodbye()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { MaxSeconds = 2 } });
        await using var phone = await bridge.PhoneAsync(session.Call);

        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("max-duration", reason);
        Assert.Equal("City desk here. Good bye now.", phone.Heard);
        Assert.Equal("max-duration", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
    }

    [Fact]
    public async Task A_machine_gets_the_call_back_text_and_nothing_else()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk");
        await agent.SayAsync("There is a fire and this must not be told to a machine.", done: false);
        bridge.Tell(new LeaveVoicemail(session.Call));
        await phone.ClearedAsync();
        await agent.SayAsync("More of the fire.");

        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("voicemail", reason);
        Assert.EndsWith("Please call back.", phone.Heard, StringComparison.Ordinal);
        Assert.DoesNotContain("More", phone.Heard, StringComparison.Ordinal);
        Assert.Equal("voicemail", await bridge.FieldAsync(session.Call, CallFields.End));
    }

    [Fact]
    public async Task A_peer_that_vanishes_without_a_stop_frees_everything()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        phone.Vanish();

        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("hangup", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
        await Eventually.TrueAsync(() => bridge.Streams.Count == 0 && !bridge.Streams.HasSockets && deepgram.OpenSockets == 0, "everything is freed");
    }

    [Fact]
    public async Task Fifty_calls_leave_no_stream_no_socket_and_no_key_behind()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var calls = new List<CallSession>();
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
            {
                var session = await bridge.CallAsync();
                lock (calls)
                {
                    calls.Add(session);
                }

                await using var phone = await bridge.PhoneAsync(session.Call);
                await Eventually.TrueAsync(() => phone.Messages.Count > 0, "the greeting begins");
                if (i % 2 == 0)
                {
                    await phone.HangUpAsync();
                    await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
                }
            }));
        }

        await Eventually.TrueAsync(() => bridge.Streams.Count == 0 && !bridge.Streams.HasSockets && deepgram.OpenSockets == 0, "everything is freed");
        Assert.Equal(100, bridge.Streams.Free);
        foreach (var session in calls)
        {
            Assert.Equal("", await bridge.FieldAsync(session.Call, CallFields.Bridge));
            Assert.True((await bridge.Redis.SendAsync(["PTTL", Keys.Call(session.Call)])).Number > 0);
            Assert.Single(await bridge.ToAgentAsync(session.Call), message => message.Type == "MediaStopped");
        }
    }
}
