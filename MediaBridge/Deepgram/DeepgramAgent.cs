using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>One connection to Deepgram's voice agent. Our own ClientWebSocket: the vendor's SDK cannot answer function calls.</summary>
sealed class DeepgramAgent : IConversationEngine
{
    const string Vendor = "deepgram";

    /// <summary>Largest message we take: a History of a long call.</summary>
    const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>A message that cannot be read is skipped; this many in a row are a vendor that has lost its mind.</summary>
    public const int MostGarbled = 10;

    static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(8);

    readonly ClientWebSocket socket;
    readonly IEngineEvents events;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly CancellationTokenSource stop = new();
    readonly TaskCompletionSource applied = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // 256 messages of 80 ms are 20 s. It fills only when the vendor has stopped reading; then new audio is dropped and counted,
    // and a message that must not be lost ends the connection instead.
    readonly Channel<Outbound> outbound = Channel.CreateBounded<Outbound>(new BoundedChannelOptions(256) { SingleReader = true });

    readonly byte[] settings;
    Task loops = Task.CompletedTask;
    long lastSent;
    int garbled;
    bool closing;
    volatile bool ended;

    readonly record struct Outbound(ReadOnlyMemory<byte> Message, byte[]? Rented, WebSocketMessageType Type);

    public DeepgramAgent(ClientWebSocket socket, byte[] settings, IEngineEvents events, TimeProvider clock, ILogger log)
    {
        (this.socket, this.settings, this.events, this.clock, this.log) = (socket, settings, events, clock, log);
        lastSent = clock.GetTimestamp();
    }

    /// <summary>Starts the loops over a connected socket; returns once the vendor has applied the settings.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        loops = Task.WhenAll(ReadAsync(), WriteAsync());
        await applied.Task.WaitAsync(ct);
    }

    public bool HasEnded => ended;

    /// <summary>Called once, when the agent is disposed of.</summary>
    public Action? Left { get => left; set => left = value; }

    Action? left;

    public void Hear(ReadOnlySpan<byte> mulaw)
    {
        if (mulaw.IsEmpty)
        {
            return; // the vendor takes an empty frame for the end of the stream
        }

        var rented = ArrayPool<byte>.Shared.Rent(mulaw.Length);
        mulaw.CopyTo(rented);
        if (!outbound.Writer.TryWrite(new Outbound(rented.AsMemory(0, mulaw.Length), rented, WebSocketMessageType.Binary)))
        {
            ArrayPool<byte>.Shared.Return(rented);
            BridgeTelemetry.DroppedAudio.Add(mulaw.Length, BridgeTelemetry.Tag("direction", "to-vendor"));
        }
    }

    public void HearText(string text) => Send(AgentSettings.InjectUserMessage(text));

    public void Say(string text) => Send(AgentSettings.InjectAgentMessage(text));

    public void Answer(string toolCallId, string name, string content) => Send(AgentSettings.FunctionCallResponse(toolCallId, name, content));

    public void Tick()
    {
        if (clock.GetElapsedTime(Volatile.Read(ref lastSent)) >= KeepAliveAfter)
        {
            Volatile.Write(ref lastSent, clock.GetTimestamp());
            Send(AgentSettings.KeepAlive);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref closing, true);
        outbound.Writer.TryComplete();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            if (socket.State == WebSocketState.Open)
            {
                // There is no message to say goodbye with; closing the socket is how a conversation ends.
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // Gone already, or stuck: aborted below.
        }

        await stop.CancelAsync();
        socket.Abort();
        await loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (loops.Exception is { } fault)
        {
            // A fault of ours in an event cost this engine; it must not cost the stream its orderly end too.
            Log.Broken(log, fault.GetBaseException());
        }

        socket.Dispose();
        stop.Dispose();
        Interlocked.Exchange(ref left, null)?.Invoke();
    }

    void Send(ReadOnlyMemory<byte> message)
    {
        if (!outbound.Writer.TryWrite(new Outbound(message, null, WebSocketMessageType.Text)) && !Volatile.Read(ref closing))
        {
            socket.Abort(); // the read loop ends and the conversation opens another engine
        }
    }

    async Task WriteAsync()
    {
        try
        {
            await foreach (var message in outbound.Reader.ReadAllAsync(stop.Token))
            {
                try
                {
                    await socket.SendAsync(message.Message, message.Type, true, stop.Token);
                    Volatile.Write(ref lastSent, clock.GetTimestamp());
                }
                finally
                {
                    Return(message);
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            socket.Abort(); // the read loop says why
        }
        finally
        {
            outbound.Writer.TryComplete();
            while (outbound.Reader.TryRead(out var left))
            {
                Return(left);
            }
        }
    }

    static void Return(Outbound message)
    {
        if (message.Rented is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    async Task ReadAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096); // as large as messages usually are: every call holds one; a longer one makes it grow
        var reason = "closed";
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    if (length == buffer.Length)
                    {
                        buffer = Grown(buffer, length);
                    }

                    result = await socket.ReceiveAsync(buffer.AsMemory(length), stop.Token);
                    length += result.Count;
                }
                while (!result.EndOfMessage && length < MaxMessageBytes);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    reason = $"closed {(int?)socket.CloseStatus} {socket.CloseStatusDescription}".TrimEnd();
                    return;
                }

                if (length >= MaxMessageBytes)
                {
                    reason = "message too large";
                    return;
                }

                if (result.MessageType == WebSocketMessageType.Binary)
                {
                    if (length > 0)
                    {
                        events.AgentAudio(this, buffer.AsSpan(0, length));
                    }
                }
                else if (OnText(buffer.AsSpan(0, length)) is { } fatal)
                {
                    reason = fatal;
                    return;
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            reason = error is WebSocketException ? "connection lost" : "aborted";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            outbound.Writer.TryComplete();
            ended = true;
            if (!applied.TrySetException(new EngineRefusedException($"Deepgram's agent: {reason}", final: false)) && !Volatile.Read(ref closing))
            {
                events.Lost(this, reason);
            }
        }
    }

    /// <returns>Why the connection is of no more use, or null.</returns>
    string? OnText(ReadOnlySpan<byte> text)
    {
        AgentMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(text, AgentJson.Default.AgentMessage);
        }
        catch (JsonException)
        {
            message = null;
        }

        garbled = message is null ? garbled + 1 : 0;
        if (garbled >= MostGarbled)
        {
            Count("garbled");
            return "garbled";
        }

        switch (message?.Type)
        {
            case "Welcome":
                Send(settings);
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
                Count(message.Code ?? message.Type);
                Log.Warned(log, message.Type, message.Code, message.Description ?? message.Message);
                events.Alive(this);
                break;
            case "AgentThinking" or "LatencyReport":
                events.Alive(this);
                break;
            case "History" or "PromptUpdated" or "SpeakUpdated" or "ThinkUpdated" or "ListenUpdated" or "FunctionCallResponse" or "ConversationText":
                break; // echoes of what we know
            default:
                Count(message is null ? "bad-json" : "unknown-type");
                Log.UnknownMessage(log, message?.Type, text.Length);
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
        Count(message.Code ?? "error");
        Log.Failed(log, message.Code, message.Description ?? message.Message);
        var final = message.Code is "INVALID_SETTINGS" or "UNPARSABLE_CLIENT_MESSAGE";
        applied.TrySetException(new EngineRefusedException($"Deepgram's agent: {message.Code} {message.Description}", final));
        return message.Code ?? "error";
    }

    static void Count(string code) =>
        BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", Vendor), BridgeTelemetry.Tag("error.type", code));

    static byte[] Grown(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}

static partial class Log
{
    [LoggerMessage(2101, LogLevel.Warning, "Deepgram's agent {Type}: {Code} {Description}")]
    public static partial void Warned(ILogger log, string type, string? code, string? description);

    [LoggerMessage(2102, LogLevel.Error, "Deepgram's agent failed: {Code} {Description}")]
    public static partial void Failed(ILogger log, string? code, string? description);

    [LoggerMessage(2104, LogLevel.Error, "An event of Deepgram's agent failed")]
    public static partial void Broken(ILogger log, Exception error);

    [LoggerMessage(2103, LogLevel.Information, "Deepgram's agent sent a message of unknown type {Type} ({Bytes} bytes)")]
    public static partial void UnknownMessage(ILogger log, string? type, int bytes);
}
