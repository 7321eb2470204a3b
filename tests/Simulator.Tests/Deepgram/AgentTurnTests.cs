using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class AgentTurnTests(NaturalSimulator shared) : IClassFixture<NaturalSimulator>
{
    const string Question = "Can you take this incident, yes or no?";
    const string Long = "This sentence is long enough to be interrupted in its middle, because it takes more than ten seconds to be said as it is.";

    readonly RunningSimulator simulator = shared.Running;

    int Port => simulator.Ports.Deepgram;

    [Fact]
    public async Task Audio_comes_faster_than_real_time_and_in_small_messages()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain().Greeted("One two three four five."));
        await agent.WaitAsync("AgentStartedSpeaking");
        var begin = TimeProvider.System.GetTimestamp();
        await agent.WaitAsync("AgentAudioDone");
        var took = TimeProvider.System.GetElapsedTime(begin);
        var spoken = MuLaw.DurationOf(agent.AudioBytes);
        Assert.InRange(spoken / took, 2, 5);
    }

    [Fact]
    public async Task Barge_in_stops_the_voice_at_once_and_what_follows_is_answered()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain().Greeted($"{Long} {Long}"));
        await agent.WaitAsync("AgentStartedSpeaking");
        await agent.SayAsync("Stop", silenceMs: 0);
        await agent.WaitAsync("UserStartedSpeaking");
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(600)));
        await agent.WaitForTextAsync("user", "Stop");
        await agent.WaitForTextAsync("assistant", "You said: Stop");
        await agent.WaitAsync("AgentAudioDone");
        var fromBargeInToAnswer = agent.Log.SkipWhile(m => (string?)m["type"] != "UserStartedSpeaking").TakeWhile(m => (string?)m["role"] != "assistant");
        Assert.DoesNotContain(fromBargeInToAnswer, m => (string?)m["type"] == "audio");
        Assert.Single(agent.Log, m => (string?)m["type"] == "AgentAudioDone");
        Assert.Equal(2, agent.Log.Count(m => (string?)m["type"] == "ConversationText" && (string?)m["role"] == "assistant"));
    }

    [Fact]
    public async Task A_pause_shorter_than_the_end_of_a_turn_does_not_end_it()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SayAsync("I am", silenceMs: 350);
        await agent.SayAsync("coming");
        Assert.Equal("I am coming", await agent.WaitForTextAsync("user", "I am"));
        Assert.Single(agent.Log, m => (string?)m["type"] == "UserStartedSpeaking");
    }

    [Fact]
    public async Task The_client_can_end_a_turn_by_itself_where_Flux_listens()
    {
        var settings = AgentSettingsOf.Plain();
        settings["agent"]!["listen"] = JsonNode.Parse("""{"provider":{"type":"deepgram","version":"v2","model":"flux-general-en"}}""");
        await using var agent = await AgentClient.OpenAsync(Port, settings);
        await agent.SendAsync("""{"type":"ForceEndTurn"}""");
        await agent.SayAsync("I am", silenceMs: 40);
        await agent.SendAsync("""{"type":"ForceEndTurn"}""");
        await agent.SendAsync("""{"type":"UpdatePrompt","prompt":"Read behind it."}""");
        await agent.WaitAsync("PromptUpdated");
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(20)));
        Assert.Equal("I am", await agent.WaitForTextAsync("user", "I am"));

        await using var nova = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await nova.SendAsync("""{"type":"ForceEndTurn"}""");
        Assert.Equal("FORCE_END_TURN_UNSUPPORTED", (string?)(await nova.WaitAsync("Warning"))["code"]);
    }

    [Fact]
    public async Task Noise_is_no_turn()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        var noise = new byte[4000];
        new Random(3).NextBytes(noise);
        await agent.SendAudioAsync(noise);
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromSeconds(1)));
        await agent.WaitAsync("UserStartedSpeaking");
        await agent.SayAsync("Hello");
        await agent.WaitForTextAsync("user", "Hello");
        Assert.Single(agent.Log, m => (string?)m["type"] == "ConversationText");
    }

    [Fact]
    public async Task A_function_that_is_not_deferred_is_asked_for_before_the_turn_has_ended()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Dispatch(deferred: false).After(("assistant", Question)));
        await agent.SayAsync("Yes, I can", silenceMs: 350);
        var call = await agent.WaitForCallAsync("accept_incident");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "ConversationText");
        await agent.RespondAsync(call, """{"ok":true}""");
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(400)));
        await agent.WaitForTextAsync("user", "Yes, I can");
        await agent.WaitForTextAsync("assistant", "WhatsApp number");
        Assert.Single(agent.Log, m => (string?)m["type"] == "FunctionCallRequest");
    }

    [Fact]
    public async Task Such_a_function_is_withdrawn_when_the_caller_goes_on()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Dispatch(deferred: false).After(("assistant", Question)));
        await agent.SayAsync("Yes", silenceMs: 350);
        var call = await agent.WaitForCallAsync("accept_incident");
        await agent.SayAsync("no, wait.");
        var cancelled = await agent.WaitAsync("FunctionCallCancelled");
        Assert.Equal((string?)call["id"], (string?)cancelled["functions"]![0]!["id"]);
        await agent.RespondAsync(call, """{"ok":true}""");
        await agent.WaitForTextAsync("user", "Yes no, wait.");
        await agent.WaitForTextAsync("assistant", "I heard both.");
        await simulator.Timeline.WaitAsync(h => h.Kind == "agent.tool-late" && h.Subject == agent.RequestId, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Such_a_function_is_withdrawn_by_barge_in_while_it_runs()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Dispatch(deferred: false).After(("assistant", Question)));
        await agent.SayAsync("Yes, I can");
        var call = await agent.WaitForCallAsync("accept_incident");
        await agent.WaitForTextAsync("user", "Yes");
        await agent.SayAsync("Sorry, no, I am off duty.");
        Assert.Equal((string?)call["id"], (string?)(await agent.WaitAsync("FunctionCallCancelled"))["functions"]![0]!["id"]);
        Assert.Equal("I am off duty", (string?)(await agent.AnswerAsync("decline_incident", """{"ok":true}"""))["reason"]);
    }

    [Fact]
    public async Task A_deferred_function_waits_for_the_end_of_the_turn_and_is_never_withdrawn()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Dispatch().After(("assistant", Question)));
        await agent.SayAsync("Yes", silenceMs: 350);
        await agent.SayAsync("I can");
        var call = await agent.WaitForCallAsync("accept_incident");
        Assert.Contains(agent.Log, m => (string?)m["type"] == "ConversationText");
        await agent.SayAsync("Are you there?", silenceMs: 0);
        await agent.WaitAsync("UserStartedSpeaking");
        await agent.RespondAsync(call, """{"ok":true}""");
        await simulator.Timeline.WaitAsync(h => h.Kind == "agent.tool-answered" && h.Subject == agent.RequestId, TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(agent.Log, m => ((string?)m["content"])?.Contains("WhatsApp", StringComparison.Ordinal) == true);
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(600)));
        await agent.WaitForTextAsync("assistant", "WhatsApp number");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "FunctionCallCancelled");
    }

    [Fact]
    public async Task Who_interrupts_the_goodbye_is_not_hung_up_on()
    {
        await using var agent = await AgentClient.OpenAsync(
            Port, AgentSettingsOf.Dispatch().After(("assistant", Question), ("assistant", "In how many minutes can you be there?")));
        await agent.SayAsync("Ten minutes");
        await agent.AnswerAsync("record_responder", """{"ok":true}""");
        await agent.WaitForTextAsync("assistant", "10 minutes");
        await agent.SayAsync("Is the gate open?");
        await agent.WaitForTextAsync("user", "gate");
        Assert.DoesNotContain(agent.Log, m => m.ToJsonString().Contains("end_call", StringComparison.Ordinal));
        await agent.WaitForTextAsync("assistant", "Goodbye.");
        await agent.WaitForCallAsync("end_call");
    }

    [Fact]
    public async Task A_conversation_goes_on_from_the_messages_of_its_context()
    {
        var settings = AgentSettingsOf.Dispatch().After(
            ("assistant", "This is City Monitor. Who am I speaking with?"), ("user", "John Miller, Fire Department"),
            ("assistant", Question), ("user", "Yes"), ("assistant", "Thank you."), ("assistant", "What is your WhatsApp number?"));
        settings["agent"]!["context"]!["messages"]!.AsArray().Insert(4, JsonNode.Parse("""
            {"type":"History","function_calls":[{"id":"call_1","name":"accept_incident","client_side":true,"arguments":"{}","response":"{\"ok\":true}"}]}
            """));
        await using var agent = await AgentClient.OpenAsync(Port, settings);
        await agent.SayAsync("202 555 0142");
        Assert.Equal("+12025550142", (string?)(await agent.AnswerAsync("record_responder", """{"ok":true}"""))["whatsapp_number"]);
        await agent.WaitForTextAsync("assistant", "plus 1 2 0 2 5 5 5 0 1 4 2");
        Assert.Equal("SettingsApplied", (string?)agent.Log[1]["type"]);
        Assert.Equal("UserStartedSpeaking", (string?)agent.Log[2]["type"]);
    }

    [Fact]
    public async Task An_injected_message_is_refused_queued_or_said_at_once_as_asked()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain().Greeted("One moment please, I look it up."));
        await agent.WaitAsync("AgentStartedSpeaking");
        await agent.SendAsync("""{"type":"InjectAgentMessage","message":"Refused"}""");
        Assert.NotNull((await agent.WaitAsync("InjectionRefused"))["message"]);
        await agent.SendAsync("""{"type":"InjectAgentMessage","message":"Queued.","behavior":"queue"}""");
        await agent.WaitAsync("AgentAudioDone");
        await agent.WaitForTextAsync("assistant", "Queued.");
        await agent.WaitAsync("AgentAudioDone");
        await agent.SendAsync("""{"type":"InjectAgentMessage","message":"Said."}""");
        await agent.WaitForTextAsync("assistant", "Said.");
        await agent.WaitAsync("AgentAudioDone");
        await agent.SendAsync(new JsonObject { ["type"] = "InjectAgentMessage", ["message"] = Long });
        await agent.WaitAsync("AgentStartedSpeaking");
        await agent.SendAsync("""{"type":"InjectAgentMessage","message":"At once.","behavior":"interrupt"}""");
        await agent.WaitForTextAsync("assistant", "At once.");
        await agent.WaitAsync("AgentAudioDone");
        var heard = agent.Heard.Replace(" ", "", StringComparison.Ordinal);
        Assert.StartsWith("Onemomentplease,Ilookitup.Queued.Said.T", heard, StringComparison.Ordinal);
        Assert.EndsWith("Atonce.", heard, StringComparison.Ordinal);
        Assert.DoesNotContain("asitis", heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_injected_while_the_caller_speaks_waits_until_both_are_silent()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SayAsync("Hello", silenceMs: 0);
        await agent.WaitAsync("UserStartedSpeaking");
        await agent.SendAsync("""{"type":"InjectAgentMessage","message":"News.","behavior":"queue"}""");
        await agent.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(600)));
        await agent.WaitForTextAsync("assistant", "You said: Hello");
        await agent.WaitForTextAsync("assistant", "News.");
    }

    [Fact]
    public async Task An_injected_user_message_is_a_turn()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SendAsync("""{"type":"InjectUserMessage","content":"Hello by text"}""");
        await agent.WaitForTextAsync("user", "Hello by text");
        await agent.WaitAsync("AgentThinking");
        await agent.WaitForTextAsync("assistant", "You said: Hello by text");
    }

    [Fact]
    public async Task A_hundred_sessions_at_once_are_each_answered()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (n, _) =>
        {
            await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
            await agent.SayAsync($"I am {n}");
            await agent.WaitForTextAsync("assistant", $"You said: I am {n}");
            await agent.WaitAsync("AgentAudioDone");
            Assert.Equal($"You said: I am {n}", agent.Heard.Trim());
        });
    }

    [Theory]
    [InlineData("Call the unknown tool", "launch_fireworks", "{}")]
    [InlineData("Send broken arguments", "record_responder", "{\"name\":\"Dana")]
    [InlineData("Leave the arguments missing", "send_whatsapp_message", "")]
    public async Task A_misbehaving_model_calls_what_it_should_not(string said, string function, string arguments)
    {
        await using var agent = await AgentClient.OpenAsync(Port, Misbehaving());
        await agent.SayAsync(said);
        var call = await agent.WaitForCallAsync(function);
        Assert.Equal(arguments, (string?)call["arguments"]);
        await agent.RespondAsync(call, """{"error":"no"}""");
        await agent.WaitForTextAsync("assistant", "The tool answered.");
    }

    [Fact]
    public async Task A_misbehaving_vendor_warns_and_fails_in_the_middle_of_a_call()
    {
        await using var agent = await AgentClient.OpenAsync(Port, Misbehaving());
        await agent.SayAsync("Two at once, please");
        Assert.Equal(2, (await agent.WaitAsync("FunctionCallRequest"))["functions"]!.AsArray().Count);
        await using var other = await AgentClient.OpenAsync(Port, Misbehaving());
        await other.SayAsync("Give me a warning");
        Assert.Equal("SLOW_THINK_REQUEST", (string?)(await other.WaitAsync("Warning"))["code"]);
        await other.WaitForTextAsync("assistant", "That took a while.");
        await other.SayAsync("And now an error");
        Assert.Equal("INTERNAL_SERVER_ERROR", (string?)(await other.WaitAsync("Error"))["code"]);
        await other.EndedAsync();
    }

    static JsonObject Misbehaving()
    {
        var settings = AgentSettingsOf.Dispatch();
        settings["tags"] = new JsonArray("misbehaving");
        return settings;
    }
}
