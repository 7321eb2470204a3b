using System.Net.WebSockets;
using System.Text.Json;
using CityMonitor.Simulator.Minds;
using CityMonitor.Simulator.Sockets;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The client's messages: which are allowed when, what they must look like, and what they set off.</summary>
sealed class AgentProtocol(
    VendorSocket socket, AgentVoice voice, DeepgramOptions options, MindLibrary minds, Timeline timeline, string requestId, Action<TimeSpan, Action> later)
{
    const int LongestPrompt = 25_000;

    AgentSettings? settings;
    volatile AgentEar? ear;
    volatile bool settingsSeen;
    bool closed, flux;

    /// <summary>Set once the settings are applied; audio from before is lost.</summary>
    public AgentEar? Ear => ear;

    public bool SettingsSeen => settingsSeen;

    public AgentConversation? Conversation { get; private set; }

    /// <param name="heardBefore">How much audio came before it.</param>
    public void Receive(string text, long heardBefore)
    {
        if (closed)
        {
            return;
        }

        try
        {
            using var message = JsonDocument.Parse(text);
            if (message.RootElement.ValueKind != JsonValueKind.Object || !message.RootElement.TryGetProperty("type", out var type))
            {
                throw new ShapeException("type", "missing field");
            }

            Receive(type.ToString(), message.RootElement, heardBefore);
        }
        catch (Exception e) when (e is JsonException or ShapeException)
        {
            socket.Send(AgentMessages.Error("UNPARSABLE_CLIENT_MESSAGE", $"Error parsing client message. {e.Message}"));
        }
    }

    public void Heard(HeardEvent happened)
    {
        switch (happened)
        {
            case HeardEvent.Started:
                Conversation!.UserStarted();
                break;
            case HeardEvent.Paused paused:
                Conversation!.UserPaused(paused.Text);
                break;
            case HeardEvent.Resumed:
                Conversation!.UserResumed();
                break;
            case HeardEvent.Ended ended:
                Conversation!.UserEnded(ended.Text);
                break;
        }
    }

    /// <summary>A sentence begins to be spoken.</summary>
    public void Said(string text)
    {
        timeline.Add("agent.said", requestId, new() { ["text"] = text });
        socket.Send(AgentMessages.ConversationText("assistant", text));
        if (settings!.History)
        {
            socket.Send(AgentMessages.History("assistant", text));
        }
    }

    public void AudioTooEarly() => Fail("UNPARSABLE_CLIENT_MESSAGE", "Audio was sent before Settings.");

    public void TimedOut() => Fail(
        "CLIENT_MESSAGE_TIMEOUT",
        "We waited too long for a websocket message. Please ensure that you're sending binary messages containing user speech, or KeepAlive messages.");

    void Receive(string type, JsonElement message, long heardBefore)
    {
        if (type == "Settings")
        {
            Apply(message);
            return;
        }

        if (type == "KeepAlive")
        {
            return;
        }

        if (Conversation is not { } conversation)
        {
            throw new ShapeException("type", $"'{type}' came before Settings");
        }

        switch (type)
        {
            case "UpdatePrompt":
                var prompt = JsonShape.Of(message, "", "type", "prompt").RequiredString("prompt");
                WarnOfLength(prompt);
                conversation.UsePrompt(prompt);
                socket.Send(AgentMessages.PromptUpdated);
                break;
            case "UpdateSpeak":
                ThinkSettings.ReadSpeak(JsonShape.Of(message, "", "type", "speak").Required("speak"), "speak");
                socket.Send(AgentMessages.SpeakUpdated);
                break;
            case "UpdateThink":
                var think = ThinkSettings.Read(JsonShape.Of(message, "", "type", "think").Required("think"), "think");
                conversation.Think(think, MindFor(think.ByName, think.Prompt));
                socket.Send(AgentMessages.ThinkUpdated);
                break;
            case "UpdateListen":
                flux = ThinkSettings.ReadListen(JsonShape.Of(message, "", "type", "listen").Required("listen"), "listen");
                socket.Send(AgentMessages.ListenUpdated);
                break;
            case "InjectAgentMessage":
                var injection = JsonShape.Of(message, "", "type", "message", "behavior");
                var behavior = injection.Optional("behavior") is null ? "default" : injection.RequiredOneOf("behavior", "default", "queue", "interrupt");
                conversation.Inject(injection.RequiredString("message"), behavior);
                break;
            case "InjectUserMessage":
                conversation.UserWrote(JsonShape.Of(message, "", "type", "content").RequiredString("content"));
                break;
            case "ForceEndTurn" when flux:
                ear!.EndTurn(heardBefore);
                break;
            case "ForceEndTurn":
                socket.Send(AgentMessages.Warning("FORCE_END_TURN_UNSUPPORTED", "ForceEndTurn needs a listen provider of version v2 (Flux)."));
                break;
            case "FunctionCallResponse":
                var response = JsonShape.Of(message, "", "type", "id", "name", "content", "thought_signature");
                response.RequiredString("name");
                conversation.ToolAnswered(response.RequiredString("id"), response.RequiredString("content"));
                break;
            default:
                throw new ShapeException("type", $"unknown variant `{type}`");
        }
    }

    void Apply(JsonElement message)
    {
        if (settingsSeen)
        {
            Fail("SETTINGS_ALREADY_APPLIED", "Settings have already been applied. Use the Update messages to change them.");
            return;
        }

        settingsSeen = true;
        try
        {
            settings = AgentSettings.Read(message);
        }
        catch (ShapeException e)
        {
            Fail("INVALID_SETTINGS", $"Invalid settings. {e.Message}");
            return;
        }

        flux = settings.Flux;
        WarnOfLength(settings.Prompt);
        var mind = MindFor(settings.Functions, settings.Prompt);
        timeline.Add("agent.opened", requestId, new() { ["mind"] = mind.Name, ["context"] = settings.Context.Count });
        Conversation = new AgentConversation(socket, voice, options, settings, mind, timeline, requestId, later, Complain);
        socket.Send(AgentMessages.SettingsApplied);
        ear = new AgentEar(options);
        Conversation.Begin();
    }

    // Functions with an endpoint are Deepgram's to call, and the simulator calls nobody.
    Mind MindFor(IReadOnlyDictionary<string, MindTool> functions, string prompt)
    {
        var offered = functions.Where(f => f.Value.ClientSide).ToDictionary(f => f.Key, f => f.Value);
        return new Mind(options.Mind.Length > 0 ? minds.Named(options.Mind) : minds.Choose([.. settings!.Tags], offered.Keys, prompt), offered);
    }

    void WarnOfLength(string prompt)
    {
        if (prompt.Length > LongestPrompt)
        {
            socket.Send(AgentMessages.Warning("PROMPT_TOO_LONG", $"The prompt has {prompt.Length} characters; {LongestPrompt} are allowed."));
        }
    }

    void Complain(MindAct.Complain complaint)
    {
        if (complaint.Fatal)
        {
            Fail(complaint.Code, "Something went wrong in the simulated agent.");
        }
        else
        {
            socket.Send(AgentMessages.Warning(complaint.Code, "Something is not quite right in the simulated agent."));
        }
    }

    void Fail(string code, string description)
    {
        if (!closed)
        {
            closed = true;
            timeline.Add("agent.error", requestId, new() { ["code"] = code, ["description"] = description });
            socket.Send(AgentMessages.Error(code, description));
            socket.Close(WebSocketCloseStatus.PolicyViolation, code);
        }
    }
}
