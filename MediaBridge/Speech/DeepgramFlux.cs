using System.Text;
using CityMonitor.MediaBridge.Deepgram;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// Deepgram's Flux, /v2/listen, which has a model of turns. Takes audio and CloseStream only; a KeepAlive would end it.
/// <code>
/// {"type":"Connected","request_id":"...","sequence_id":0}
/// {"type":"TurnInfo","event":"EagerEndOfTurn","turn_index":0,"transcript":"yes I can","end_of_turn_confidence":0.45,...}
/// {"type":"Error","code":"...","description":"..."}
/// </code>
/// </summary>
sealed class DeepgramFlux : ISpeechToText, IVendorSocketReader
{
    readonly VendorSocket socket;
    readonly ISpeechToTextEvents events;
    readonly ILogger log;

    DeepgramFlux(VendorSocket socket, ISpeechToTextEvents events, ILogger log) => (this.socket, this.events, this.log) = (socket, events, log);

    public string Vendor => "flux";

    public static Uri Url(Uri listen, string model, ListenSettings settings)
    {
        // No parameter of v1: the vendor refuses the whole connection for one.
        var query = new StringBuilder("/v2/listen?encoding=mulaw&sample_rate=8000&eot_threshold=0.7&eager_eot_threshold=0.4&eot_timeout_ms=3000")
            .Append("&model=").Append(Uri.EscapeDataString(model));
        if (model.EndsWith("-multi", StringComparison.Ordinal))
        {
            query.Append("&language_hint=").Append(Uri.EscapeDataString(settings.Language));
        }

        foreach (var term in settings.Keyterms)
        {
            query.Append("&keyterm=").Append(Uri.EscapeDataString(term));
        }

        return new Uri(listen.ToString().TrimEnd('/') + query);
    }

    public static DeepgramFlux Start(VendorSocket socket, ISpeechToTextEvents events, ILogger log)
    {
        var ear = new DeepgramFlux(socket, events, log);
        socket.Start(ear);
        return ear;
    }

    public void Hear(ReadOnlySpan<byte> mulaw) => socket.SendAudio(mulaw);

    public void SpeechStarted()
    {
        // It has its own idea of turns.
    }

    public void SpeechEnded()
    {
        // The same.
    }

    public void Tick()
    {
        // Audio flows as long as the phone is there, and nothing else may be sent.
    }

    public ValueTask DisposeAsync() => socket.DisposeAsync();

    public string? OnText(ReadOnlySpan<byte> json)
    {
        var message = SpeechJson.Read(json, SpeechJson.Default.FluxMessage);
        switch (message?.Type)
        {
            case "TurnInfo":
                OnTurn(message.Event, message.Transcript?.Trim() ?? "");
                break;
            case "Connected" or "ConfigureSuccess":
                events.Alive(this);
                break;
            case "Error" or "ConfigureFailure":
                VendorSocket.Count(Vendor, message.Code ?? "error");
                SpeechLog.Complained(log, Vendor, message.Code, message.Description);
                return message.Type == "Error" ? message.Code ?? "error" : null;
            default:
                VendorSocket.Count(Vendor, message is null ? "bad-json" : "unknown-type");
                SpeechLog.UnknownMessage(log, Vendor, message?.Type, json.Length);
                break;
        }

        return null;
    }

    void OnTurn(string? what, string text)
    {
        var transcript = what switch
        {
            "EndOfTurn" => new Transcript(text, true, SpeechEnd.Certain),
            "EagerEndOfTurn" => new Transcript(text, false, SpeechEnd.Likely),
            _ => new Transcript(text, false, SpeechEnd.None),
        };
        if (text.Length > 0)
        {
            events.Heard(this, transcript);
        }
        else
        {
            events.Alive(this);
        }
    }

    public void OnAudio(ReadOnlySpan<byte> bytes) => VendorSocket.Count(Vendor, "unexpected-audio");

    public void OnClosed(string reason) => events.Lost(this, reason);
}

sealed record FluxMessage(string? Type, string? Event, string? Transcript, string? Code, string? Description);

/// <summary>Opens <see cref="DeepgramFlux"/>.</summary>
sealed class FluxEar(DeepgramEndpoint endpoint, Microsoft.Extensions.Options.IOptions<Cascade.CascadeOptions> options, TimeProvider clock, ILogger<FluxEar> log) : IEarMaker
{
    public string Name => "flux";

    public async Task<ISpeechToText> OpenAsync(ListenSettings settings, ISpeechToTextEvents events, CancellationToken ct)
    {
        var socket = await VendorSocket.ConnectAsync(
            Name, DeepgramFlux.Url(endpoint.Listen, options.Value.FluxModel, settings), ("Authorization", $"Token {endpoint.ApiKey}"), clock, log, ct);
        return DeepgramFlux.Start(socket, events, log);
    }
}
