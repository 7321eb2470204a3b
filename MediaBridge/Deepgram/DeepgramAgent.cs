using System.Text.Json;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>One connection to Deepgram's voice agent.</summary>
sealed class DeepgramAgent(VendorSocket socket, byte[] settings, IEngineEvents events, ILogger log) : IConversationEngine, IVendorSocketReader
{
    public const string Vendor = "deepgram";

    /// <summary>A message that cannot be read is skipped; this many in a row are a vendor that has lost its mind.</summary>
    public const int MostGarbled = 10;

    static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(8);

    readonly TaskCompletionSource applied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Action? left;
    int garbled;
    volatile bool ended;

    /// <summary>Begins to read; returns once the vendor has applied the settings.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        socket.Start(this);
        await applied.Task.WaitAsync(ct);
    }

    public bool HasEnded => ended;

    /// <summary>Called once, when the agent is disposed of.</summary>
    public Action? Left { get => left; set => left = value; }

    public void Hear(ReadOnlySpan<byte> mulaw) => socket.SendAudio(mulaw);

    public void HearText(string text) => socket.Send(AgentSettings.InjectUserMessage(text));

    public void Say(string text) => socket.Send(AgentSettings.InjectAgentMessage(text));

    public void Answer(string toolCallId, string name, string content) => socket.Send(AgentSettings.FunctionCallResponse(toolCallId, name, content));

    public void Tick() => socket.KeepAlive(AgentSettings.KeepAlive, KeepAliveAfter);

    /// <summary>There is no message to say goodbye with; closing the socket is how a conversation ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await socket.DisposeAsync();
        ended = true;
        Interlocked.Exchange(ref left, null)?.Invoke();
    }

    public void OnAudio(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            events.AgentAudio(this, bytes);
        }
    }

    public void OnClosed(string reason)
    {
        ended = true;
        if (!applied.TrySetException(new EngineRefusedException($"Deepgram's agent: {reason}", final: false)))
        {
            events.Lost(this, reason);
        }
    }

    public string? OnText(ReadOnlySpan<byte> json)
    {
        AgentMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(json, AgentJson.Default.AgentMessage);
        }
        catch (JsonException)
        {
            message = null;
        }

        garbled = message is null ? garbled + 1 : 0;
        if (garbled >= MostGarbled)
        {
            VendorSocket.Count(Vendor, "garbled");
            return "garbled";
        }

        switch (message?.Type)
        {
            case "Welcome":
                socket.Send(settings);
                break;
            case "SettingsApplied":
                applied.TrySetResult();
                break;
            case "UserStartedSpeaking":
                events.ResponderStartedSpeaking(this);
                break;
            case "ConversationText" when message.Text is { Length: > 0 } said:
                if (message.Role == "user")
                {
                    events.ResponderSaid(this, said);
                }
                else
                {
                    events.AgentSays(this, said);
                }

                break;
            case "AgentStartedSpeaking":
                events.AgentStartedSpeaking(this);
                break;
            case "AgentAudioDone":
                events.AgentAudioDone(this);
                break;
            case "FunctionCallRequest":
                OnToolCalls(message);
                break;
            case "FunctionCallCancelled":
                OnToolsCancelled(message);
                break;
            case "Error":
                return OnError(message);
            case "Warning" or "InjectionRefused":
                VendorSocket.Count(Vendor, message.Code ?? message.Type);
                Log.Warned(log, message.Type, message.Code, message.Description ?? message.Message);
                events.Alive(this);
                break;
            case "AgentThinking" or "LatencyReport":
                events.Alive(this);
                break;
            case "History" or "PromptUpdated" or "SpeakUpdated" or "ThinkUpdated" or "ListenUpdated" or "FunctionCallResponse" or "ConversationText":
                break; // echoes of what we know
            default:
                VendorSocket.Count(Vendor, message is null ? "bad-json" : "unknown-type");
                Log.UnknownMessage(log, message?.Type, json.Length);
                break;
        }

        return null;
    }

    void OnToolCalls(AgentMessage message)
    {
        foreach (var function in message.Functions ?? [])
        {
            if (function is { ClientSide: not false, Id.Length: > 0, Name.Length: > 0 }) // nulls too: whatever JSON can hold
            {
                events.ToolCalled(this, new ToolCall(function.Id, function.Name, function.ArgumentsJson));
            }
        }
    }

    void OnToolsCancelled(AgentMessage message)
    {
        if (message.Id is { } id)
        {
            events.ToolCancelled(this, id);
        }

        foreach (var function in message.Functions ?? [])
        {
            if (function is { Id: { } of })
            {
                events.ToolCancelled(this, of);
            }
        }
    }

    string OnError(AgentMessage message)
    {
        VendorSocket.Count(Vendor, message.Code ?? "error");
        Log.Failed(log, message.Code, message.Description ?? message.Message);
        var final = message.Code is "INVALID_SETTINGS" or "UNPARSABLE_CLIENT_MESSAGE";
        applied.TrySetException(new EngineRefusedException($"Deepgram's agent: {message.Code} {message.Description}", final));
        return message.Code ?? "error";
    }
}

static partial class Log
{
    [LoggerMessage(2101, LogLevel.Warning, "Deepgram's agent {Type}: {Code} {Description}")]
    public static partial void Warned(ILogger log, string type, string? code, string? description);

    [LoggerMessage(2102, LogLevel.Error, "Deepgram's agent failed: {Code} {Description}")]
    public static partial void Failed(ILogger log, string? code, string? description);

    [LoggerMessage(2103, LogLevel.Information, "Deepgram's agent sent a message of unknown type {Type} ({Bytes} bytes)")]
    public static partial void UnknownMessage(ILogger log, string? type, int bytes);
}
