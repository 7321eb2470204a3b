using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Deepgram;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// Deepgram's /v1/listen. Nothing comes on open; then
/// <code>
/// {"type":"Results","start":0.0,"duration":1.1,"is_final":true,"speech_final":true,"from_finalize":false,
///  "channel":{"alternatives":[{"transcript":"Yes, I can.","confidence":0.99,"words":[...]}]},...}
/// {"type":"UtteranceEnd","channel":[0,1],"last_word_end":3.1}
/// </code>
/// </summary>
sealed class DeepgramListen : ISpeechToText, IVendorSocketReader
{
    static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(4);
    static readonly ReadOnlyMemory<byte> KeepAlive = """{"type":"KeepAlive"}"""u8.ToArray();
    static readonly ReadOnlyMemory<byte> Finalize = """{"type":"Finalize"}"""u8.ToArray();

    readonly VendorSocket socket;
    readonly ISpeechToTextEvents events;
    readonly ILogger log;

    DeepgramListen(VendorSocket socket, ISpeechToTextEvents events, ILogger log) => (this.socket, this.events, this.log) = (socket, events, log);

    public string Vendor => "deepgram";

    public static Uri Url(Uri listen, string model, ListenSettings settings)
    {
        var query = new StringBuilder("/v1/listen?encoding=mulaw&sample_rate=8000&channels=1&interim_results=true&endpointing=300&utterance_end_ms=1000&smart_format=true")
            .Append("&model=").Append(Uri.EscapeDataString(model)).Append("&language=").Append(Uri.EscapeDataString(settings.Language));
        foreach (var term in model.StartsWith("nova-3", StringComparison.Ordinal) ? settings.Keyterms : [])
        {
            query.Append("&keyterm=").Append(Uri.EscapeDataString(term));
        }

        return new Uri(listen.ToString().TrimEnd('/') + query);
    }

    public static DeepgramListen Start(VendorSocket socket, ISpeechToTextEvents events, ILogger log)
    {
        var ear = new DeepgramListen(socket, events, log);
        socket.Start(ear);
        ear.Hear(Silence); // a KeepAlive counts only behind some audio
        return ear;
    }

    static readonly byte[] Silence = [.. Enumerable.Repeat(MuLaw.Silence, 160)];

    public void Hear(ReadOnlySpan<byte> mulaw) => socket.SendAudio(mulaw);

    public void SpeechStarted()
    {
        // It hears for itself.
    }

    public void SpeechEnded() => socket.Send(Finalize);

    public void Tick() => socket.KeepAlive(KeepAlive, KeepAliveAfter);

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    public string? OnText(ReadOnlySpan<byte> json)
    {
        var message = SpeechJson.Read(json, SpeechJson.Default.ListenMessage);
        switch (message?.Type)
        {
            case "Results":
                var text = message.Channel?.Alternatives is [{ } best, ..] ? best.Transcript?.Trim() ?? "" : "";
                var end = message is { IsFinal: true } and ({ SpeechFinal: true } or { FromFinalize: true }) ? SpeechEnd.Silence : SpeechEnd.None;
                if (text.Length > 0 || end != SpeechEnd.None)
                {
                    events.Heard(this, new Transcript(text, message.IsFinal, end));
                }
                else
                {
                    events.Alive(this);
                }

                break;
            case "UtteranceEnd":
                events.Heard(this, new Transcript("", true, SpeechEnd.Silence));
                break;
            case "SpeechStarted" or "Metadata":
                events.Alive(this);
                break;
            case "Error" or "Warning":
                VendorSocket.Count(Vendor, message.Code ?? message.Type);
                SpeechLog.Complained(log, Vendor, message.Code, message.Description);
                return message.Type == "Error" ? message.Code ?? "error" : null;
            default:
                VendorSocket.Count(Vendor, message is null ? "bad-json" : "unknown-type");
                SpeechLog.UnknownMessage(log, Vendor, message?.Type, json.Length);
                break;
        }

        return null;
    }

    public void OnAudio(ReadOnlySpan<byte> bytes) => VendorSocket.Count(Vendor, "unexpected-audio");

    public void OnClosed(string reason) => events.Lost(this, reason);
}

sealed record ListenMessage(
    string? Type, [property: JsonPropertyName("is_final")] bool IsFinal, [property: JsonPropertyName("speech_final")] bool SpeechFinal,
    [property: JsonPropertyName("from_finalize")] bool FromFinalize, ListenChannel? Channel, string? Code, string? Description);

sealed record ListenChannel(IReadOnlyList<ListenAlternative>? Alternatives);

sealed record ListenAlternative(string? Transcript);

/// <summary>Opens <see cref="DeepgramListen"/>.</summary>
sealed class DeepgramEar(DeepgramEndpoint endpoint, Microsoft.Extensions.Options.IOptions<Cascade.CascadeOptions> options, TimeProvider clock, ILogger<DeepgramEar> log) : IEarMaker
{
    public string Name => "deepgram";

    public async Task<ISpeechToText> OpenAsync(ListenSettings settings, ISpeechToTextEvents events, CancellationToken ct)
    {
        var socket = await VendorSocket.ConnectAsync(
            Name, DeepgramListen.Url(endpoint.Listen, options.Value.ListenModel, settings), ("Authorization", $"Token {endpoint.ApiKey}"), clock, log, ct);
        return DeepgramListen.Start(socket, events, log);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ListenMessage))]
[JsonSerializable(typeof(FluxMessage))]
[JsonSerializable(typeof(ScribeMessage))]
[JsonSerializable(typeof(ScribeText))]
[JsonSerializable(typeof(VoiceMessage))]
[JsonSerializable(typeof(ElevenMessage))]
[JsonSerializable(typeof(SpeakWords))]
[JsonSerializable(typeof(ElevenRequest))]
sealed partial class SpeechJson : JsonSerializerContext
{
    /// <summary>What a vendor has sent; null where it is not JSON of this shape.</summary>
    public static T? Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
