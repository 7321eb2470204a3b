using System.Text.Json.Nodes;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

/// <summary>An engine that is lost where it had more to say: the next one says it, and no tool is run twice.</summary>
public sealed class GoingOnTests(SharedRedis redis)
{
    static string Ask(string id, string tool, string arguments = "{}") =>
        new JsonObject { ["type"] = "FunctionCallRequest", ["functions"] = new JsonArray(new JsonObject { ["id"] = id, ["name"] = tool, ["arguments"] = arguments }) }.ToJsonString();

    static JsonArray Told(AgentConnection agent) => agent.Settings["agent"]!["context"]!["messages"]!.AsArray();

    [Fact]
    public async Task A_vendor_lost_in_a_tool_after_half_a_turn_is_followed_by_one_that_has_the_answer_and_goes_on()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Dana Reyes");
        await agent.SayAsync("Thank you.");
        await phone.HeardAsync("Thank you.");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Any(turn => turn.Text == "Thank you."), "its last mark is back: until then it counts as being said, behind the tool");
        await agent.SendAsync(Ask("c1", "retrieve_ticket"));
        await bridge.ToAgentAsync(session.Call, "ToolRequested");
        phone.LongestSilenceMs = 0;
        agent.Drop();

        // The answer comes when the next engine is there already: it gets one that knows it.
        await deepgram.NextAsync();
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "retrieve_ticket", "A fire."));
        var next = await deepgram.NextAsync();
        Assert.Equal("A fire.", (string?)Told(next)[^1]!["function_calls"]![0]!["response"]);
        Assert.Equal(Conversation.GoOnRequest, (string?)(await next.NextAsync("InjectUserMessage"))["content"]);
        await next.UserSaidAsync(Conversation.GoOnRequest);
        await next.SayAsync("There is a fire.");
        await phone.HeardAsync("There is a fire.");
        Assert.InRange(phone.LongestSilenceMs, 0, 3500);
        Assert.DoesNotContain(await bridge.TurnsAsync(session.Call), turn => turn.Text == Conversation.GoOnRequest);
    }

    [Fact]
    public async Task A_vendor_lost_between_two_sentences_is_followed_by_one_that_goes_on()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        await agent.SayAsync("The pictures are on their way.");
        await phone.HeardAsync("The pictures are");
        agent.Drop();

        var next = await deepgram.NextAsync();
        Assert.Equal(Conversation.GoOnRequest, (string?)(await next.NextAsync("InjectUserMessage"))["content"]);
        Assert.EndsWith("on their way.", phone.Heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vendor_lost_behind_its_question_is_followed_by_one_that_waits_for_the_answer()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        await agent.SayAsync("Can you take it?");
        await phone.HeardAsync("Can you");
        agent.Drop();

        var next = await deepgram.NextAsync();
        await phone.HeardAsync("Can you take it?");
        phone.LongestSilenceMs = 0;
        await Eventually.TrueAsync(() => phone.LongestSilenceMs > 3000, "three seconds of silence");
        lock (next.Raw)
        {
            Assert.Single(next.Raw); // the settings
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tool_that_the_next_vendor_asks_for_again_is_not_run_again(bool answeredBefore)
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes, I accept");
        await agent.SendAsync(Ask("c1", "accept_incident", """{"eta":10}"""));
        await bridge.ToAgentAsync(session.Call, "ToolRequested");
        var result = new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted");
        if (answeredBefore)
        {
            bridge.Tell(result);
            await agent.NextAsync("FunctionCallResponse");
        }

        agent.Drop();
        var next = await deepgram.NextAsync();
        Assert.Equal("Yes, I accept", (string?)(await next.NextAsync("InjectUserMessage"))["content"]);
        await next.UserSaidAsync("Yes, I accept");
        await next.SendAsync(Ask("d1", "accept_incident", """{ "eta": 10 }"""));
        if (!answeredBefore)
        {
            await Eventually.TrueAsync(() => bridge.Streams.All.Single().Status.PendingTools == 1, "one tool runs");
            bridge.Tell(result);
        }

        var answer = await next.NextAsync("FunctionCallResponse");
        Assert.Equal(("d1", "accepted"), ((string?)answer["id"], (string?)answer["content"]));
        Assert.Single(await bridge.ToAgentAsync(session.Call), message => message.Type == "ToolRequested");
    }

    [Fact]
    public async Task A_tools_answer_for_the_stream_before_reaches_the_engine_of_now()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        var first = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await first.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Dana Reyes");
        await agent.SayAsync("Thank you.");
        await first.HeardAsync("Thank you.");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "three turns");
        await agent.SendAsync(Ask("c1", "accept_incident"));
        await bridge.ToAgentAsync(session.Call, "ToolRequested");
        await first.DisposeAsync();

        await using var second = await bridge.PhoneAsync(session.Call);
        var moved = await deepgram.NextAsync();
        Assert.Equal(Conversation.GoOnRequest, (string?)(await moved.NextAsync("InjectUserMessage"))["content"]);
        await moved.SayAsync("Can you take it?");
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted"));
        var next = await deepgram.NextAsync();
        Assert.Contains(Told(next), message => (string?)message!["function_calls"]?[0]!["response"] == "accepted");
    }

    [Fact]
    public async Task A_vendor_that_falls_silent_in_mid_sentence_is_replaced_and_the_sentence_said_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.UserSaidAsync("Yes");
        const string Sentence = "There is a fire at the old mill by the river.";
        await agent.SendAsync(new JsonObject { ["type"] = "ConversationText", ["role"] = "assistant", ["content"] = Sentence }.ToJsonString());
        var audio = CityMonitor.Simulator.Speech.ToneCode.Encode(Sentence);
        await agent.SendAudioAsync(audio.AsMemory(0, audio.Length / 3));
        phone.LongestSilenceMs = 0;

        var next = await deepgram.NextAsync();
        Assert.Equal(Sentence, (string?)(await next.NextAsync("InjectAgentMessage"))["message"]);
        await next.SayAsync(Sentence);
        await phone.HeardAsync("by the river.");
        Assert.InRange(phone.LongestSilenceMs, 0, 3500);
    }
}
