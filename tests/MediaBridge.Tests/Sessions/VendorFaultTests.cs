using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class VendorFaultTests(SharedRedis redis)
{
    [Theory]
    [InlineData(503, 3)]
    [InlineData(401, 1)]
    public async Task A_vendor_that_refuses_sends_the_call_to_the_keypad_after_the_greeting(int status, int attempts)
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.RefuseAgentWith = status;
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);

        var (_, reason) = await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(("engine-failed", attempts), (reason, deepgram.AgentAttempts));
        Assert.Equal("City desk here.", phone.Heard);
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
        Assert.Null(await bridge.FieldAsync(session.Call, CallFields.End));
        Assert.Equal("engine-failed", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
    }

    [Fact]
    public async Task A_vendor_that_nobody_answers_for_is_tried_three_times_and_the_call_goes_to_the_keypad()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        using var refusing = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        refusing.Start();
        var nobody = new Uri($"ws://{refusing.LocalEndpoint}");
        refusing.Stop(); // from now on its port refuses
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Deepgram:AgentBaseUrl", nobody.ToString()));
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);

        Assert.Equal("engine-failed", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
        Assert.Equal("City desk here.", phone.Heard);
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_vendor_that_opens_and_hears_and_drops_before_each_answer_is_given_up_after_three_times()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        for (var time = 1; time <= EngineSeat.FailuresToGiveUp; time++)
        {
            var agent = await deepgram.NextAsync();
            await agent.UserSaidAsync("Ten minutes");
            await agent.SendAudioAsync(new byte[] { 0x7f, 0x00, 0xff }); // a scrap of sound is no answer
            agent.Drop();
        }

        Assert.Equal("engine-failed", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_vendor_that_closes_in_good_order_is_opened_again_all_the_same()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.CloseAsync();

        var next = await deepgram.NextAsync();
        await next.SayAsync("Back again.");
        await phone.HeardAsync("Back again.");
    }

    [Fact]
    public async Task A_vendor_that_never_applies_the_settings_is_given_up_within_seconds()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.MuteHandshake = true;
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Deepgram:OpenTimeoutMs", "300"));
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);

        await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
        await Eventually.TrueAsync(() => deepgram.OpenSockets == 0, "no socket is left");
    }

    [Fact]
    public async Task A_dropped_vendor_is_opened_again_with_the_conversation_and_repeats_the_sentence_that_broke_off()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        await agent.SendAsync("""{"type":"ConversationText","role":"assistant","content":"A fire at the old mill."}""");
        var audio = CityMonitor.Simulator.Speech.ToneCode.Encode("A fire at the old mill.");
        await agent.SendAudioAsync(audio.AsMemory(0, audio.Length / 2));
        await phone.HeardAsync("A fire");
        agent.Drop();

        var next = await deepgram.NextAsync();
        var messages = next.Settings["agent"]!["context"]!["messages"]!.AsArray();
        Assert.Equal(["City desk here.", "Yes"], messages.Select(message => (string)message!["content"]!).Take(2));
        Assert.Equal(["assistant", "user"], messages.Select(message => (string)message!["role"]!).Take(2));
        Assert.Equal("A fire at the old mill.", (string?)(await next.NextAsync("InjectAgentMessage"))["message"]);
        await next.SayAsync("A fire at the old mill.");
        await phone.HeardAsync("the old mill.");
    }

    [Fact]
    public async Task A_dropped_vendor_that_takes_seconds_not_to_come_back_leaves_no_dead_air()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        deepgram.MuteHandshake = true;
        agent.Drop();

        await phone.HeardAsync("One moment, please.");
        Assert.Equal("engine-failed", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
    }

    [Fact]
    public async Task A_tool_that_nobody_answers_leaves_no_dead_air()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        await agent.SendAsync("""{"type":"FunctionCallRequest","functions":[{"id":"c1","name":"accept_incident","arguments":"{}"}]}""");

        await phone.HeardAsync("One moment, please.", TimeSpan.FromSeconds(8));
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted"));
        await agent.NextAsync("FunctionCallResponse");
        await agent.SayAsync("Thank you.");
        await phone.HeardAsync("Thank you.");
    }

    [Fact]
    public async Task A_vendor_that_drops_before_answering_gets_the_callers_words_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Ten minutes");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 2, "the caller's turn");
        agent.Drop();

        var next = await deepgram.NextAsync();
        Assert.Single(next.Settings["agent"]!["context"]!["messages"]!.AsArray());
        Assert.Equal("""{"type":"InjectUserMessage","content":"Ten minutes"}""", (await next.NextAsync("InjectUserMessage")).ToJsonString());
        await next.UserSaidAsync("Ten minutes");
        await next.SayAsync("Good.");
        await phone.HeardAsync("Good.");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "the echo is no second turn");
    }

    [Fact]
    public async Task A_mute_vendor_costs_one_moment_and_the_next_one_hears_the_utterance_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await phone.SayAsync("I am coming");
        var before = phone.Watch.Elapsed;

        var next = await deepgram.NextAsync();
        Assert.InRange((phone.Watch.Elapsed - before).TotalSeconds, 1, 4);
        await Eventually.TrueAsync(() => next.HeardEnd, "the utterance is replayed");
        Assert.Equal("I am coming", next.HeardText);
        await phone.HeardAsync("One moment, please.");
        await next.UserSaidAsync("I am coming");
        await next.SayAsync("Thanks.");
        await phone.HeardAsync("Thanks.");
        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_vendor_that_understands_and_never_speaks_is_replaced()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");

        await phone.HeardAsync("One moment, please.");
        var next = await deepgram.NextAsync();
        Assert.Equal("Yes", (string?)(await next.NextAsync("InjectUserMessage"))["content"]);
    }

    [Fact]
    public async Task A_call_beyond_the_accounts_agents_goes_to_the_keypad_and_the_place_is_free_again_afterwards()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Deepgram:MaxConcurrent", "1"));
        var one = await bridge.CallAsync();
        var two = await bridge.CallAsync();
        await using (var phone = await bridge.PhoneAsync(one.Call))
        {
            await deepgram.NextAsync();
            await using var other = await bridge.PhoneAsync(two.Call);
            Assert.Equal("engine-failed", (await other.Closed.WaitAsync(TimeSpan.FromSeconds(10))).Reason);
            Assert.Equal("keypad", await bridge.FieldAsync(two.Call, CallFields.Mode));
            Assert.Equal(1, deepgram.AgentAttempts);
        }

        await Eventually.TrueAsync(() => deepgram.OpenSockets == 0, "the first agent is closed");
        var three = await bridge.CallAsync();
        await using var later = await bridge.PhoneAsync(three.Call);
        await deepgram.NextAsync();
    }

    [Fact]
    public async Task A_vendor_that_takes_a_second_and_a_half_to_open_still_gets_the_call()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.HandshakeDelay = TimeSpan.FromMilliseconds(1500);
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await agent.SayAsync("Here at last?");
        await phone.HeardAsync("Here at last?");
        Assert.InRange(deepgram.AgentAttempts, 2, 3);
        Assert.InRange(phone.LongestSilenceMs, 0, 3500);
    }

    [Fact]
    public async Task An_error_of_the_vendor_in_mid_call_opens_another_engine()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SendAsync("""{"type":"Error","code":"FAILED_TO_THINK","description":"the model is down"}""");
        var next = await deepgram.NextAsync();
        await next.SayAsync("Back again.");
        await phone.HeardAsync("Back again.");
        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Without_speech_the_phone_hears_a_chime_and_the_agent_greets()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.SpeakStatus = 500;
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Greeting = "A greeting that fails." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        Assert.Equal("A greeting that fails.", (string?)(await agent.NextAsync("InjectAgentMessage"))["message"]);
        Assert.NotEmpty(phone.Messages);
        await agent.SayAsync("A greeting that fails.");
        await phone.HeardAsync("A greeting that fails.");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 1, "one turn: a chime is none");
    }
}
