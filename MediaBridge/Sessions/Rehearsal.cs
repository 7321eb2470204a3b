using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// A process's first call would pay for compiling all that a call goes through, seconds of it on a busy machine, while somebody holds a
/// silent phone. So a new bridge calls itself once before it offers a place: socket, parsers, Redis scripts, playout, engine messages.
/// </summary>
sealed class Rehearsal(
    RedisClient redis, CallStore calls, MessageBus bus, BridgeId bridge, PhraseBook phrases, IOptions<DeepgramOptions> deepgram, TimeProvider clock, ILogger<Rehearsal> log)
{
    /// <summary>The refusal that the rehearsal's own stream gets; it is neither counted nor warned of.</summary>
    public const string Refusal = "rehearsal";

    /// <summary>A bridge that could not rehearse in this time is slow for one call; one that does not start is worse.</summary>
    static readonly TimeSpan AtMost = TimeSpan.FromSeconds(5);

    /// <summary>Known to this process alone.</summary>
    public string Token { get; } = Guid.NewGuid().ToString("N");

    public bool IsOver { get; private set; }

    /// <param name="listening">Where this process listens.</param>
    public async Task RunAsync(Uri listening, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(AtMost);
        try
        {
            var dialled = DialAsync(listening, patience.Token);
            await TalkAsync(patience.Token);
            await dialled;
            RehearsalLog.Rehearsed(log, clock.GetElapsedTime(began).TotalMilliseconds);
        }
#pragma warning disable CA1031 // It is only about speed: no fault in it may keep a bridge from serving.
        catch (Exception error) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            RehearsalLog.BrokenOff(log, error.Message);
        }
        finally
        {
            IsOver = true;
        }
    }

    /// <summary>Twilio's part, up to the refusal.</summary>
    async Task DialAsync(Uri listening, CancellationToken ct)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(listening, ct);
        foreach (var message in (string[])[
            """{"event":"connected","protocol":"Call","version":"1.0.0"}""",
            $$$"""{"event":"start","start":{"accountSid":"AC0","streamSid":"MZ0","callSid":"CA0","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"{{{Token}}}"}},"streamSid":"MZ0"}"""])
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, ct);
        }

        await socket.ReceiveAsync(new byte[256], ct); // the refusal
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, ct);
    }

    /// <summary>A conversation with nobody: its records go to a call that is deleted behind it, and to nobody else.</summary>
    async Task TalkAsync(CancellationToken ct)
    {
        var call = CallId.Parse($"rehearsal-{bridge.Value}.1");
        var session = new CallSession(
            call, null, "outbound", default, "", "", "en", "", "", "", "", "", "", "", [], [], new CallLimits(0, 0, [], []));
        try
        {
            await calls.BeginStreamAsync(call, bridge.Value, ct);
            await calls.ReadAsync(call, ct);
            await calls.ReadTurnsAsync(call, ct);
            using var records = new CancellationTokenSource();
            var kept = new CallLog(call, 1, bridge.Value, calls, bus, redis, clock, log);
            await using var local = new LocalSpeech(phrases, "", log);
            using (var conversation = new Conversation(session, 1, new NoLine(), kept, local, new TurnsOptions(), clock, log, [], "", 0) { RequestEngine = static _ => { }, EngineProved = static () => { } })
            {
                Parse(conversation);
                kept.Field(CallFields.Speaking, "");
            }

            kept.Complete();
            await kept.RunAsync(ct);
        }
        finally
        {
            await redis.SendAsync(["DEL", Keys.Call(call), Keys.Turns(call)], ct);
        }
    }

    void Parse(Conversation conversation)
    {
        var silence = new byte[160];
        silence.AsSpan().Fill(0xFF);
        var frame = Encoding.UTF8.GetBytes($$$"""{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"{{{Convert.ToBase64String(silence)}}}"},"streamSid":"MZ0"}""");
        for (var i = 0; i < 50; i++)
        {
            var message = (byte[])frame.Clone();
            var media = Twilio.TwilioFrameParser.Parse(message, "MZ0"u8);
            conversation.CallerAudio(message.AsSpan(media.PayloadStart, media.PayloadLength));
            conversation.Tick();
        }

        var playout = new Playout(new NoLine(), clock, static _ => { });
        playout.Begin("One moment, please.");
        playout.Append(Audio.Earcon.Audio.Span);
        playout.Complete();
        playout.Position();
        playout.Interrupt();
        using var messages = new Twilio.PhoneSocket(WebSocket.CreateFromStream(Stream.Null, new WebSocketCreationOptions { IsServer = true }), static _ => { });
        messages.Name("MZ0");
        messages.Audio(Audio.Earcon.Audio.Span);
        messages.Mark(0, 1);
        messages.Clear();
        JsonSerializer.Deserialize("""{"type":"ConversationText","role":"assistant","content":"Hello"}"""u8, AgentJson.Default.AgentMessage);
        var text = new HistoryEntry.Said(Speaker.Agent, "Hello");
        AgentSettings.Settings(
            new CallSession(CallId.Parse("rehearsal.1"), null, "outbound", default, "", "", "en", "", "", "", "", "", "", "", [], [], new CallLimits(0, 0, [], [])), [text], deepgram.Value);
    }

    sealed class NoLine : IPhoneLine
    {
        public bool Audio(ReadOnlySpan<byte> mulaw) => true;

        public bool Mark(int generation, int number) => true;

        public void Clear()
        {
        }
    }
}

static partial class RehearsalLog
{
    [LoggerMessage(2961, LogLevel.Information, "The bridge has rehearsed a call in {Milliseconds:F0} ms")]
    public static partial void Rehearsed(ILogger log, double milliseconds);

    [LoggerMessage(2962, LogLevel.Warning, "The rehearsal of a call broke off: {Reason}")]
    public static partial void BrokenOff(ILogger log, string reason);
}
