using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Serialization;
using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// ElevenLabs' realtime Scribe. Audio goes as base64 in JSON, and a segment is committed when our own detector hears the end.
/// <code>
/// > {"message_type":"input_audio_chunk","audio_base_64":"...","commit":false,"sample_rate":8000}
/// < {"message_type":"partial_transcript","text":"yes I"}
/// < {"message_type":"committed_transcript","text":"Yes, I can."}
/// < {"message_type":"commit_throttled","error":"only 0.01s of uncommitted audio ..."}
/// </code>
/// </summary>
sealed class ScribeRealtime : ISpeechToText, IVendorSocketReader
{
    static readonly byte[] Head = """{"message_type":"input_audio_chunk","sample_rate":8000,"commit":false,"audio_base_64":" """u8.ToArray()[..^1];
    static readonly byte[] Tail = "\"}"u8.ToArray();
    static readonly ReadOnlyMemory<byte> Commit = """{"message_type":"input_audio_chunk","sample_rate":8000,"commit":true,"audio_base_64":""}"""u8.ToArray();

    readonly VendorSocket socket;
    readonly ISpeechToTextEvents events;
    readonly ILogger log;

    ScribeRealtime(VendorSocket socket, ISpeechToTextEvents events, ILogger log) => (this.socket, this.events, this.log) = (socket, events, log);

    public string Vendor => "elevenlabs";

    public static Uri Url(Uri listen, string model, ListenSettings settings)
    {
        var query = new StringBuilder("/v1/speech-to-text/realtime?audio_format=ulaw_8000&commit_strategy=manual")
            .Append("&model_id=").Append(Uri.EscapeDataString(model)).Append("&language_code=").Append(Uri.EscapeDataString(settings.Language));
        foreach (var term in settings.Keyterms)
        {
            query.Append("&keyterms=").Append(Uri.EscapeDataString(term));
        }

        return new Uri(listen.ToString().TrimEnd('/') + query);
    }

    public static ScribeRealtime Start(VendorSocket socket, ISpeechToTextEvents events, ILogger log)
    {
        var ear = new ScribeRealtime(socket, events, log);
        socket.Start(ear);
        return ear;
    }

    public void Hear(ReadOnlySpan<byte> mulaw)
    {
        if (mulaw.IsEmpty)
        {
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(Head.Length + Tail.Length + Base64.GetMaxEncodedToUtf8Length(mulaw.Length));
        Head.CopyTo(rented, 0);
        Base64.EncodeToUtf8(mulaw, rented.AsSpan(Head.Length), out _, out var written);
        Tail.CopyTo(rented, Head.Length + written);
        socket.SendAudio(rented, Head.Length + written + Tail.Length, WebSocketMessageType.Text);
    }

    public void SpeechStarted()
    {
        // It hears for itself.
    }

    public void SpeechEnded() => socket.Send(Commit);

    public void Tick()
    {
        // Audio flows as long as the phone is there.
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    public string? OnText(ReadOnlySpan<byte> json)
    {
        var message = SpeechJson.Read(json, SpeechJson.Default.ScribeMessage);
        switch (message?.MessageType)
        {
            case "partial_transcript" when message.Text?.Trim() is { Length: > 0 } partial:
                events.Heard(this, new Transcript(partial, false, SpeechEnd.None));
                break;
            case "committed_transcript":
                events.Heard(this, new Transcript(message.Text?.Trim() ?? "", true, SpeechEnd.Silence));
                break;
            case "session_started" or "partial_transcript" or "commit_throttled" or "committed_transcript_with_timestamps" or "committed_transcript_entities" or "insufficient_audio_activity":
                events.Alive(this);
                break;
            case { } code when message.Error is not null:
                VendorSocket.Count(Vendor, code);
                SpeechLog.Complained(log, Vendor, code, message.Error);
                return code;
            default:
                VendorSocket.Count(Vendor, message is null ? "bad-json" : "unknown-type");
                SpeechLog.UnknownMessage(log, Vendor, message?.MessageType, json.Length);
                break;
        }

        return null;
    }

    public void OnAudio(ReadOnlySpan<byte> bytes) => VendorSocket.Count(Vendor, "unexpected-audio");

    public void OnClosed(string reason) => events.Lost(this, reason);
}

sealed record ScribeMessage([property: JsonPropertyName("message_type")] string? MessageType, string? Text, string? Error);

/// <summary>Opens <see cref="ScribeRealtime"/>.</summary>
sealed class ScribeEar(ElevenLabsEndpoint endpoint, Microsoft.Extensions.Options.IOptions<ElevenLabsOptions> options, TimeProvider clock, ILogger<ScribeEar> log) : IEarMaker
{
    public string Name => "elevenlabs";

    public async Task<ISpeechToText> OpenAsync(ListenSettings settings, ISpeechToTextEvents events, CancellationToken ct)
    {
        var socket = await VendorSocket.ConnectAsync(
            Name, ScribeRealtime.Url(endpoint.Socket, options.Value.ListenModel, settings), ("xi-api-key", endpoint.ApiKey), clock, log, ct);
        return ScribeRealtime.Start(socket, events, log);
    }
}
