using System.Text.Json.Nodes;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class DeadAirTests(SharedRedis redis)
{
    const string AskForTool = """{"type":"FunctionCallRequest","functions":[{"id":"c1","name":"accept_incident","arguments":"{}"}]}""";

    [Fact]
    public async Task Whatever_holds_up_a_tool_the_phone_hears_something_every_three_and_a_half_seconds()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        phone.LongestSilenceMs = 0;
        await agent.SendAsync(AskForTool);

        var english = HoldingPhrases.Of("en-US");
        await phone.HeardAsync(english[2], TimeSpan.FromSeconds(15));
        Assert.Contains(english[0], phone.Heard, StringComparison.Ordinal);
        Assert.Contains(english[1], phone.Heard, StringComparison.Ordinal);
        Assert.InRange(phone.LongestSilenceMs, 0, 3500);

        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted"));
        await agent.NextAsync("FunctionCallResponse");
        await agent.SayAsync("Thank you. Which unit?");
        await phone.HeardAsync("Which unit?");

        // It is on record, and no model is told that it said so.
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Any(turn => turn.Text == english[1]), "the record has what was heard");
        agent.Drop();
        var next = await deepgram.NextAsync();
        var told = next.Settings["agent"]!["context"]!["messages"]!.ToJsonString();
        Assert.Contains("Which unit?", told, StringComparison.Ordinal);
        Assert.DoesNotContain("still here", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_hurries_a_caller_who_thinks_about_a_question()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await agent.SayAsync("Which unit are you with?");
        await phone.HeardAsync("Which unit are you with?");
        phone.LongestSilenceMs = 0;

        await Eventually.TrueAsync(() => phone.LongestSilenceMs > 5000, "five seconds of silence");
        Assert.EndsWith("Which unit are you with?", phone.Heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_cuts_a_holding_phrase_and_it_is_not_said_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        await agent.SendAsync(AskForTool);
        await phone.HeardAsync("One", TimeSpan.FromSeconds(8));
        phone.Speak(CityMonitor.Simulator.Speech.ToneCode.Encode("Are you there"));

        await phone.ClearedAsync();
        Assert.DoesNotContain("One moment, please.", phone.Heard, StringComparison.Ordinal);
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted"));
        await agent.UserStartedAsync();
        await agent.UserSaidAsync("Are you there");
        await agent.SayAsync("I am.");
        await phone.HeardAsync("I am.");
        lock (agent.Raw)
        {
            Assert.DoesNotContain(agent.Raw, message => (string?)JsonNode.Parse(message)!["type"] == "InjectAgentMessage");
        }
    }

    [Fact]
    public async Task Where_no_vendor_can_speak_the_phone_hears_a_chime_each_time()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.SpeakStatus = 500;
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Greeting = "", Voice = "voice-without-phrases" });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await agent.UserSaidAsync("Yes");
        await agent.SendAsync(AskForTool);
        phone.LongestSilenceMs = 0;

        await Eventually.TrueAsync(() => phone.Watch.Elapsed > TimeSpan.FromSeconds(9), "nine seconds", TimeSpan.FromSeconds(15));
        Assert.InRange(phone.LongestSilenceMs, 500, 3500);
    }
}
