using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class ResumeTests(SharedRedis redis)
{
    [Fact]
    public async Task A_Redis_that_lost_its_memory_learns_again_which_bridge_holds_the_call()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");

        await bridge.Redis.SendAsync(["DEL", Keys.Call(session.Call), Keys.Bridge(bridge.Id)]);

        await Eventually.TrueAsync(async () => await bridge.FieldAsync(session.Call, CallFields.Bridge) == bridge.Id, "the call's bridge");
        Assert.Equal("1", await bridge.FieldAsync(session.Call, CallFields.Stream));
        Assert.Equal(session.Greeting, (await bridge.Calls.ReadSessionAsync(session.Call, default))!.Greeting);
    }

    [Fact]
    public async Task A_tool_that_a_wiped_Redis_forgot_is_asked_for_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SendAsync("""{"type":"FunctionCallRequest","functions":[{"id":"c1","name":"retrieve_ticket","arguments":"{}"}]}""");
        await bridge.ToAgentAsync(session.Call, "ToolRequested");

        await bridge.Redis.SendAsync(["DEL", Keys.Call(session.Call), Keys.Bridge(bridge.Id)]);

        await Eventually.TrueAsync(
            async () => (await bridge.ToAgentAsync(session.Call)).Count(message => message.Type == "ToolRequested" && (string?)message.Data["toolCallId"] == "c1") == 2, "the tool is asked for again");
    }

    [Fact]
    public async Task A_bridge_that_stood_still_leaves_a_call_that_moved_on_without_a_word()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");

        Assert.Equal(2, await bridge.Calls.BeginStreamAsync(session.Call, "elsewhere", default));
        await bridge.Services.GetRequiredService<MediaBridge.Directory.BridgeDirectory>().LookAgainAsync(default);

        Assert.Equal("superseded", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
        Assert.Equal("elsewhere", await bridge.FieldAsync(session.Call, CallFields.Bridge));
        Assert.Equal("City desk here.", phone.Heard);
    }

    [Fact]
    public async Task A_bridge_that_was_away_does_not_take_back_a_call_that_moved_or_ended()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        Assert.Equal(1, await bridge.Calls.BeginStreamAsync(session.Call, "elsewhere", default));

        Assert.Equal(StreamHold.Lost, await bridge.Calls.HoldStreamAsync(session, 1, bridge.Id, default));
        Assert.Equal("elsewhere", await bridge.FieldAsync(session.Call, CallFields.Bridge));
    }

    [Fact]
    public async Task Another_bridge_goes_on_without_a_greeting_and_repeats_the_first_unheard_sentence()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var first = await TestBridge.StartAsync(redis, deepgram.Url);
        await using var second = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await first.CallAsync();
        await using (var phone = await first.PhoneAsync(session.Call))
        {
            var agent = await deepgram.NextAsync();
            await phone.HeardAsync("City desk here.");
            await Eventually.TrueAsync(async () => (await first.TurnsAsync(session.Call)).Count == 1, "the greeting is recorded");
            await agent.UserSaidAsync("Yes");
            await agent.SayAsync("It burns. Come to the old mill at once.");
            await phone.HeardAsync("burns. Come");
            phone.Vanish();
            await first.ToAgentAsync(session.Call, "MediaStopped");
        }

        await using var again = await second.PhoneAsync(session.Call);
        var next = await deepgram.NextAsync();
        Assert.Equal(
            [("assistant", "City desk here."), ("user", "Yes"), ("assistant", "It burns.")],
            next.Settings["agent"]!["context"]!["messages"]!.AsArray().Select(message => ((string)message!["role"]!, (string)message["content"]!)));
        Assert.Equal("Come to the old mill at once.", (string?)(await next.NextAsync("InjectAgentMessage"))["message"]);
        await next.SayAsync("Come to the old mill at once.");
        await again.HeardAsync("Come to the old mill at once.");
        Assert.DoesNotContain("City desk", again.Heard, StringComparison.Ordinal);
        Assert.Equal(2, (int)(await second.ToAgentAsync(session.Call, "MediaStarted"))["stream"]!);
        await Eventually.TrueAsync(async () => (await second.TurnsAsync(session.Call)).Count == 4, "no sentence twice");
        Assert.Equal(second.Id, await second.FieldAsync(session.Call, CallFields.Bridge));
    }

    [Fact]
    public async Task A_stream_that_Twilio_stops_because_the_call_is_moved_leaves_what_was_not_heard_to_the_next()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using (var phone = await bridge.PhoneAsync(session.Call))
        {
            var agent = await deepgram.NextAsync();
            await phone.HeardAsync("City desk here.");
            await agent.UserSaidAsync("Yes");
            await agent.SayAsync("It burns. Come to the old mill at once.");
            await phone.HeardAsync("burns. Come");
            await phone.HangUpAsync(); // the update of a call that is moved looks the same to the stream
            await bridge.ToAgentAsync(session.Call, "MediaStopped");
        }

        Assert.StartsWith("It burns. Come", (await bridge.TurnsAsync(session.Call))[^1].Text, StringComparison.Ordinal);
        await using var again = await bridge.PhoneAsync(session.Call);
        var next = await deepgram.NextAsync();
        Assert.Equal("Come to the old mill at once.", (string?)(await next.NextAsync("InjectAgentMessage"))["message"]);
    }

    [Fact]
    public async Task Another_bridge_answers_what_the_first_one_had_understood()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using (var phone = await bridge.PhoneAsync(session.Call))
        {
            var agent = await deepgram.NextAsync();
            await phone.HeardAsync("City desk here.");
            await agent.UserSaidAsync("Ten minutes");
            await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 2, "two turns");
            phone.Vanish();
            await bridge.ToAgentAsync(session.Call, "MediaStopped");
        }

        await using var again = await bridge.PhoneAsync(session.Call);
        var next = await deepgram.NextAsync();
        Assert.Equal("Ten minutes", (string?)(await next.NextAsync("InjectUserMessage"))["content"]);
        await next.UserSaidAsync("Ten minutes");
        await next.SayAsync("Good.");
        await again.HeardAsync("Good.");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "the echo is no second turn");
    }

    [Fact]
    public async Task Another_bridge_asks_again_where_the_answer_died_with_the_first_one()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using (var phone = await bridge.PhoneAsync(session.Call))
        {
            var agent = await deepgram.NextAsync();
            await phone.HeardAsync("City desk here.");
            await agent.UserSaidAsync("Yes");
            await agent.SayAsync("Can you come?");
            await phone.HeardAsync("Can you come?");
            await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "the question is recorded");
            phone.Vanish();
            await bridge.ToAgentAsync(session.Call, "MediaStopped");
        }

        // The responder has said yes, and waits.
        await using var again = await bridge.PhoneAsync(session.Call);
        var next = await deepgram.NextAsync();
        Assert.Equal("Can you come?", (string?)(await next.NextAsync("InjectAgentMessage"))["message"]);
        await next.SayAsync("Can you come?");
        await again.HeardAsync("Can you come?");
        Assert.InRange(again.LongestSilenceMs, 0, 2500);
    }

    [Fact]
    public async Task The_longest_duration_counts_from_the_first_stream()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await bridge.Calls.WriteAsync(session.Call, new Dictionary<string, string>
        {
            [CallFields.Stream] = "1",
            [CallFields.Began] = $"{DateTimeOffset.UtcNow.AddSeconds(-899).ToUnixTimeMilliseconds()}",
        }, default);
        await using var phone = await bridge.PhoneAsync(session.Call);
        Assert.Equal("max-duration", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
    }

    [Fact]
    public async Task A_drain_waits_for_the_pause_takes_nobody_new_and_leaves_the_call_open()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync("This is said to its end.");
        await phone.HeardAsync("This is");

        var stopping = bridge.StopAsync();
        await Eventually.TrueAsync(() => bridge.Streams.IsDraining, "it drains");
        await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => TestPhone.ConnectAsync(bridge.Url));
        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        await stopping;

        Assert.Equal("drain", reason);
        Assert.EndsWith("This is said to its end.", phone.Heard, StringComparison.Ordinal);
        Assert.Equal("", await redis.Server.CommandAsync("HGET", Keys.Call(session.Call), CallFields.Bridge));
        Assert.Equal("$-1", await redis.Server.CommandAsync("HGET", Keys.Call(session.Call), CallFields.End));
    }

    [Fact]
    public async Task Five_live_calls_are_all_handed_over_by_a_bridge_that_is_told_to_end()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var calls = new List<(CallSession Session, TestPhone Phone)>();
        for (var i = 0; i < 5; i++)
        {
            var session = await bridge.CallAsync();
            calls.Add((session, await bridge.PhoneAsync(session.Call)));
        }

        await Eventually.TrueAsync(() => bridge.Streams.All.Count() == 5, "five live calls", TimeSpan.FromSeconds(30));
        await bridge.StopAsync();

        foreach (var (session, phone) in calls)
        {
            Assert.Equal("drain", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
            Assert.Equal("", await redis.Server.CommandAsync("HGET", Keys.Call(session.Call), CallFields.Bridge));
            Assert.Equal("$-1", await redis.Server.CommandAsync("HGET", Keys.Call(session.Call), CallFields.End));
            await phone.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_bridge_is_listed_with_its_url_and_free_places_and_leaves_at_once()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("PublicUrls:Media", "https://media.example.org"));
        var key = Keys.Bridge(bridge.Id);
        await Eventually.TrueAsync(async () => !(await bridge.Redis.SendAsync(["GET", key])).IsNull, "the entry");
        Assert.Equal($$"""{"id":"{{bridge.Id}}","url":"wss://media.example.org/media","free":100}""", (await bridge.Redis.SendAsync(["GET", key])).Text);
        Assert.InRange((await bridge.Redis.SendAsync(["PTTL", key])).Number, 1, 3000);
        Assert.Equal(1, (await bridge.Redis.SendAsync(["SISMEMBER", Keys.Bridges, bridge.Id])).Number);

        await bridge.StopAsync();
        Assert.Equal(":0", await redis.Server.CommandAsync("EXISTS", key));
        Assert.Equal(":0", await redis.Server.CommandAsync("SISMEMBER", Keys.Bridges, bridge.Id));
    }

    [Fact]
    public async Task A_call_outlives_a_restart_of_redis_and_loses_no_turn()
    {
        await using var server = new SharedRedis();
        await ((IAsyncLifetime)server).InitializeAsync();
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(server, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await server.Server.StopAsync();
        await agent.UserSaidAsync("Yes");
        await agent.SayAsync("Good.");
        await phone.HeardAsync("Good.");
        await server.Server.StartAgainAsync();
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count >= 3, "all turns are written");
        Assert.Equal(["City desk here.", "Yes", "Good."], (await bridge.TurnsAsync(session.Call)).Select(turn => turn.Text).Distinct());
    }

    [Fact]
    public async Task An_old_bridge_that_thaws_ends_its_stream_and_not_the_call_that_another_one_holds()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var old = await TestBridge.StartAsync(redis, deepgram.Url);
        await using var now = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await old.CallAsync();
        await using var left = await old.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await left.HeardAsync("City desk here.");
        await using var phone = await now.PhoneAsync(session.Call);
        await deepgram.NextAsync();

        await agent.SayAsync("Nobody hears this, goodbye.");
        Assert.Equal("finished", (await left.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
        await old.ToAgentAsync(session.Call, "MediaStopped");
        Assert.Null(await now.FieldAsync(session.Call, CallFields.End));
        Assert.Equal(("2", now.Id), (await now.FieldAsync(session.Call, CallFields.Stream), await now.FieldAsync(session.Call, CallFields.Bridge)));
    }
}
