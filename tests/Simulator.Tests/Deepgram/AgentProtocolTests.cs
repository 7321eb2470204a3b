using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Deepgram;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class AgentProtocolTests(QuickSimulator shared) : IClassFixture<QuickSimulator>
{
    readonly RunningSimulator simulator = shared.Running;

    int Port => simulator.Ports.Deepgram;

    [Theory]
    [InlineData("Token simulator")]
    [InlineData("token simulator")]
    [InlineData("Bearer simulator")]
    public async Task A_right_key_is_welcomed_with_the_request_id_of_the_handshake(string authorization)
    {
        await using var agent = await AgentClient.ConnectAsync(Port, authorization);
        Assert.Equal(agent.RequestId, (string?)(await agent.WaitAsync("Welcome"))["request_id"]);
    }

    [Fact]
    public async Task A_browser_may_give_the_key_as_a_subprotocol()
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("token");
        socket.Options.AddSubProtocol("simulator");
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Port}/v1/agent/converse"), default);
        Assert.Equal("token", socket.SubProtocol);
    }

    [Fact]
    public async Task A_wrong_key_is_401_with_the_reason_in_a_header()
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("Authorization", "Token wrong");
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Port}/v1/agent/converse"), default));
        Assert.Equal(401, (int)socket.HttpStatusCode);
        Assert.Equal("Invalid credentials.", socket.HttpResponseHeaders!["dg-error"].Single());
    }

    [Theory]
    [InlineData("audio", null, "audio: missing field")]
    [InlineData("audio.input.encoding", "\"ulaw\"", "audio.input.encoding: unknown variant")]
    [InlineData("audio.input.sample_rate", "16000", "audio.input.encoding")]
    [InlineData("audio.output", null, "audio.output")]
    [InlineData("audio.output.container", "\"wav\"", "audio.output.container")]
    [InlineData("audio.input.channels", "1", "audio.input.channels: unknown field")]
    [InlineData("agent", null, "agent: missing field")]
    [InlineData("agent", "\"6d9a0b5c\"", "no stored agent")]
    [InlineData("agent.think.provider", null, "agent.think.provider: missing field")]
    [InlineData("agent.think.provider.type", "\"openai\"", "agent.think.provider.type: unknown variant")]
    [InlineData("agent.think.instructions", "\"x\"", "agent.think.instructions: unknown field")]
    [InlineData("agent.think.functions", "[{\"name\":\"a b\"}]", "agent.think.functions[0].name")]
    [InlineData("agent.think.functions", "[{\"name\":\"a\"},{\"name\":\"a\"}]", "twice")]
    [InlineData("agent.think.functions", "[{\"name\":\"a\",\"defer_until_eot\":\"yes\"}]", "agent.think.functions[0].defer_until_eot")]
    [InlineData("agent.think.functions", "[{\"name\":\"a\",\"client_side\":true}]", "client_side: unknown field")]
    [InlineData("agent.think.prompt", "5", "agent.think.prompt: must be a string")]
    [InlineData("agent.listen.provider.model", "\"flux-general-en\"", "agent.listen.provider.model")]
    [InlineData("agent.speak.provider.model", null, "agent.speak.provider.model")]
    [InlineData("agent.speak", "[]", "agent.speak: must not be empty")]
    [InlineData("agent.context", "{\"messages\":[{\"type\":\"History\",\"role\":\"agent\",\"content\":\"x\"}]}", "agent.context.messages[0].role")]
    [InlineData("agent.context", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "agent.context.messages[0].type")]
    [InlineData("agent.voice", "\"x\"", "agent.voice: unknown field")]
    [InlineData("flags", "{\"history\":1}", "flags.history")]
    public async Task Wrong_settings_end_the_session_and_name_the_field(string path, string? value, string problem)
    {
        await using var agent = await AgentClient.ConnectAsync(Port);
        var settings = AgentSettingsOf.Plain();
        JsonObject parent = settings;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            parent = parent[name]!.AsObject();
        }

        parent.Remove(names[^1]);
        if (value is not null)
        {
            parent[names[^1]] = JsonNode.Parse(value);
        }

        await agent.SendAsync(settings);
        var error = await agent.WaitAsync("Error");
        Assert.Equal("INVALID_SETTINGS", (string?)error["code"]);
        Assert.Contains(problem, (string?)error["description"], StringComparison.Ordinal);
        await agent.EndedAsync();
    }

    [Fact]
    public async Task A_fallback_list_of_models_and_voices_is_accepted()
    {
        var settings = AgentSettingsOf.Plain();
        var agentSettings = settings["agent"]!.AsObject();
        agentSettings["think"] = new JsonArray(agentSettings["think"]!.DeepClone(), agentSettings["think"]!.DeepClone());
        agentSettings["speak"] = new JsonArray(agentSettings["speak"]!.DeepClone(), agentSettings["speak"]!.DeepClone());
        await using var agent = await AgentClient.OpenAsync(Port, settings);
    }

    [Fact]
    public async Task Second_settings_end_the_session()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SendAsync(AgentSettingsOf.Plain());
        Assert.Equal("SETTINGS_ALREADY_APPLIED", (string?)(await agent.WaitAsync("Error"))["code"]);
        await agent.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, agent.CloseStatus);
    }

    [Fact]
    public async Task Audio_before_the_settings_ends_the_session()
    {
        await using var agent = await AgentClient.ConnectAsync(Port);
        await agent.SendAudioAsync(new byte[160]);
        await agent.WaitAsync("Error");
        await agent.EndedAsync();
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":"Close"}""")]
    [InlineData("""{"type":"InjectAgentMessage","content":"hello"}""")]
    [InlineData("""{"type":"InjectAgentMessage","message":"hello","behavior":"now"}""")]
    [InlineData("""{"type":"FunctionCallResponse","function_call_id":"1","output":"x"}""")]
    [InlineData("""{"type":"FunctionCallResponse","id":"1","name":"x","content":{"ok":true}}""")]
    [InlineData("""{"type":"UpdatePrompt"}""")]
    [InlineData("""{"type":"UpdateSpeak","speak":{}}""")]
    public async Task A_message_of_the_wrong_shape_is_answered_and_the_session_goes_on(string message)
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SendAsync(message);
        Assert.Equal("UNPARSABLE_CLIENT_MESSAGE", (string?)(await agent.WaitAsync("Error"))["code"]);
        await agent.SayAsync("Hello");
        await agent.WaitForTextAsync("assistant", "You said: Hello");
    }

    [Fact]
    public async Task Silence_on_the_socket_ends_the_session_and_keep_alive_prevents_it()
    {
        await using var impatient = await RunningSimulator.StartAsync(("Simulator:Deepgram:ClientMessageTimeout", "00:00:01"));
        await using var silent = await AgentClient.OpenAsync(impatient.Ports.Deepgram, AgentSettingsOf.Plain());
        await using var alive = await AgentClient.OpenAsync(impatient.Ports.Deepgram, AgentSettingsOf.Plain());
        var ended = silent.WaitAsync("Error");
        while (!ended.IsCompleted)
        {
            await alive.SendAsync("""{"type":"KeepAlive"}""");
            await Task.WhenAny(ended, Task.Delay(100));
        }

        Assert.Equal("CLIENT_MESSAGE_TIMEOUT", (string?)(await ended)["code"]);
        await silent.EndedAsync();
        await alive.SayAsync("Hello");
        await alive.WaitForTextAsync("assistant", "You said: Hello");
    }

    [Fact]
    public async Task A_greeting_is_spoken_word_for_word_and_its_messages_come_in_order()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain().Greeted("Hello, this is City Monitor."));
        await agent.WaitAsync("AgentAudioDone");
        Assert.Equal("Hello, this is City Monitor.", agent.Heard.Trim());
        string[] order = ["Welcome", "SettingsApplied", "ConversationText", "History", "LatencyReport", "AgentStartedSpeaking", "audio", "AgentAudioDone"];
        Assert.Equal(order, agent.Log.Select(m => (string)m["type"]!).Distinct());
        Assert.Equal(ToneCode.Encode("Hello, this is City Monitor.").Length, agent.AudioBytes);
    }

    [Fact]
    public async Task Without_the_history_flag_no_history_is_sent()
    {
        var settings = AgentSettingsOf.Plain().Greeted("Hello.");
        settings["flags"] = new JsonObject { ["history"] = false };
        await using var agent = await AgentClient.OpenAsync(Port, settings);
        await agent.WaitAsync("AgentAudioDone");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "History");
    }

    [Fact]
    public async Task Updates_are_confirmed_and_change_prompt_and_functions()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SendAsync("""{"type":"UpdatePrompt","prompt":"Incident type: Fire"}""");
        await agent.WaitAsync("PromptUpdated");
        await agent.SendAsync("""{"type":"UpdateSpeak","speak":{"provider":{"type":"deepgram","model":"aura-2-orion-en"}}}""");
        await agent.WaitAsync("SpeakUpdated");
        await agent.SendAsync("""{"type":"UpdateListen","listen":{"provider":{"type":"deepgram","version":"v2","model":"flux-general-en"}}}""");
        await agent.WaitAsync("ListenUpdated");
        var think = AgentSettingsOf.Dispatch()["agent"]!["think"]!.DeepClone();
        await agent.SendAsync(new JsonObject { ["type"] = "UpdateThink", ["think"] = think });
        await agent.WaitAsync("ThinkUpdated");
        await agent.SayAsync("I have the wrong number, you say? You have the wrong number.");
        await agent.WaitForCallAsync("decline_incident");
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_draws_a_warning()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        await agent.SendAsync(new JsonObject { ["type"] = "UpdatePrompt", ["prompt"] = new string('x', 25_001) });
        Assert.Equal("PROMPT_TOO_LONG", (string?)(await agent.WaitAsync("Warning"))["code"]);
    }

    [Fact]
    public async Task A_mute_agent_takes_everything_and_says_nothing()
    {
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        var before = agent.Log.Count;
        simulator.Get<FaultBoard>().Set(FaultTarget.DeepgramAgent, new Fault { Mute = true });
        try
        {
            await agent.SayAsync("Hello");
            await simulator.Timeline.WaitAsync(h => h.Kind == "agent.said" && h.Subject == agent.RequestId, TimeSpan.FromSeconds(5));
            Assert.Equal(before, agent.Log.Count);
            Assert.Equal(0, agent.AudioBytes);
        }
        finally
        {
            simulator.Get<FaultBoard>().Clear(FaultTarget.DeepgramAgent);
        }
    }

    [Theory]
    [InlineData("between", true)]
    [InlineData("instead", false)]
    public async Task Rubbish_comes_between_the_messages_or_instead_of_them(string garble, bool welcomed)
    {
        var faults = simulator.Get<FaultBoard>();
        faults.Set(FaultTarget.DeepgramAgent, new Fault { Garble = garble });
        try
        {
            using var socket = new ClientWebSocket();
            socket.Options.SetRequestHeader("Authorization", "Token simulator");
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Port}/v1/agent/converse"), default);
            await socket.SendAsync(Encoding.UTF8.GetBytes(AgentSettingsOf.Plain().ToJsonString()), WebSocketMessageType.Text, true, default);
            var messages = new List<string>();
            while (messages.Count < (welcomed ? 4 : 2))
            {
                var buffer = new byte[4096];
                var received = await socket.ReceiveAsync(buffer, default).WaitAsync(TimeSpan.FromSeconds(5));
                messages.Add(Encoding.UTF8.GetString(buffer, 0, received.Count));
            }

            Assert.Equal(welcomed, messages.Exists(message => message.StartsWith("{\"type\":\"Welcome\"", StringComparison.Ordinal)));
            Assert.Equal(welcomed, messages.Exists(message => message == "{\"type\":\"SettingsApplied\"}"));
            Assert.Contains("{\"type\":\"ConversationText\",\"role\":\"assist", messages);
        }
        finally
        {
            faults.Clear(FaultTarget.DeepgramAgent);
        }
    }

    [Fact]
    public async Task Open_sessions_can_be_dropped_and_new_ones_refused()
    {
        var faults = simulator.Get<FaultBoard>();
        await using var agent = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
        faults.Set(FaultTarget.DeepgramAgent, new Fault { DropSocketsAfterMs = 0, Refuse = true });
        await agent.EndedAsync();
        Assert.Null(agent.CloseStatus);
        await Assert.ThrowsAsync<WebSocketException>(() => AgentClient.ConnectAsync(Port));
        faults.Clear(FaultTarget.DeepgramAgent);
        await using var next = await AgentClient.OpenAsync(Port, AgentSettingsOf.Plain());
    }

    [Fact]
    public async Task A_client_that_closes_is_answered_with_a_close()
    {
        var sessions = simulator.Get<DeepgramSockets>();
        await Eventually.TrueAsync(() => sessions.Open(FaultTarget.DeepgramAgent) == 0, "the sessions of other tests are gone");
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Token simulator");
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{Port}/v1/agent/converse"), default);
        await socket.SendAsync(Encoding.UTF8.GetBytes(AgentSettingsOf.Plain().ToJsonString()), WebSocketMessageType.Text, true, default);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", patience.Token);
        Assert.Equal(WebSocketState.Closed, socket.State);
        await Eventually.TrueAsync(() => sessions.Open(FaultTarget.DeepgramAgent) == 0, "the session is freed");
    }
}
