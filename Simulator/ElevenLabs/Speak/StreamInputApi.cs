using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>The query of <c>stream-input</c>.</summary>
/// <param name="AutoMode">Each message is spoken as it comes, as whole sentences are sent.</param>
/// <param name="Key">A key that came with the handshake; null when the first message must bring it.</param>
sealed record StreamInputQuery(string Voice, string Model, string OutputFormat, TimeSpan InactivityTimeout, bool AutoMode, bool Aligned, string? Key)
{
    public static StreamInputQuery Read(HttpRequest request, string voice)
    {
        var query = request.Query;
        _ = double.TryParse(query["inactivity_timeout"], CultureInfo.InvariantCulture, out var seconds);
        var authorization = (string?)query["authorization"];
        return new StreamInputQuery(
            voice, (string?)query["model_id"] ?? "eleven_multilingual_v2", (string?)query["output_format"] ?? "mp3_44100_128",
            TimeSpan.FromSeconds(seconds > 0 ? Math.Min(seconds, 180) : 20), query["auto_mode"] == "true", query["sync_alignment"] == "true",
            (string?)request.Headers["xi-api-key"] ?? Bare(authorization) ?? (string?)query["single_use_token"]);
    }

    /// <summary>What is wrong with it: a code and a message, or null.</summary>
    public (string Code, string Message)? Problem() => this switch
    {
        _ when !ElevenLabsApi.IsVoice(Voice) => ("voice_id_does_not_exist", $"A voice with voice_id {Voice} does not exist."),
        { Model: "eleven_v3" } => ("model_not_supported", "The model eleven_v3 is not available over WebSockets."),
        _ when !ElevenLabsApi.IsModel(Model) => ("model_not_found", $"A model with model ID {Model} does not exist."),
        { OutputFormat: not "ulaw_8000" } => ("invalid_output_format", "The simulator speaks output_format=ulaw_8000 only, which is not the default."),
        _ => null,
    };

    /// <summary><c>Bearer key</c> without its scheme.</summary>
    public static string? Bare(string? authorization) => authorization?.Split(' ')[^1];
}

/// <summary><c>wss /v1/text-to-speech/{voice}/stream-input?model_id=eleven_flash_v2_5&amp;output_format=ulaw_8000</c>.</summary>
static class StreamInputApi
{
    static readonly JsonObject Broken = new() { ["message"] = "An internal error occurred.", ["error"] = "internal_error", ["code"] = 1011 };

    public static void MapStreamInput(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/text-to-speech/{voice}/stream-input", SpeakAsync);

    static Task<IResult> SpeakAsync(
        HttpContext context, string voice, ElevenLabsSockets sockets, ElevenLabsAccount account, IOptions<ElevenLabsOptions> options, Timeline timeline, TimeProvider clock) =>
        sockets.ServeAsync(context, FaultTarget.ElevenLabsSpeak, Broken, (socket, id, cancellation) =>
            new StreamInputSession(socket, id, StreamInputQuery.Read(context.Request, voice), account, options.Value, timeline, clock).RunAsync(cancellation));
}
