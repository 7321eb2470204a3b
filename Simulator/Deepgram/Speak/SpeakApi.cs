using System.Globalization;
using System.Text.Json;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Text to speech: a socket at <c>wss /v1/speak</c> without <c>container</c>, and over REST <c>POST /v1/speak?model=aura-2-thalia-en&amp;encoding=mulaw&amp;sample_rate=8000&amp;container=none</c>.</summary>
static class SpeakApi
{
    const string DefaultModel = "aura-asteria-en";
    const int ChunkBytes = 4000;
    const int MaxBodyBytes = 2 * 1024 * 1024;
    static readonly string[] Known =
        ["model", "encoding", "container", "sample_rate", "bit_rate", "speed", "callback", "callback_method", "tag", "mip_opt_out"];

    public static void MapSpeak(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/speak", SpeakAsync);
        routes.MapGet("/v1/speak", ConverseAsync);
    }

    static Task<IResult> ConverseAsync(HttpContext context, DeepgramSockets sockets, IOptions<DeepgramOptions> options, Timeline timeline, TimeProvider clock)
    {
        var query = context.Request.Query;
        return sockets.ServeAsync(
            context, FaultTarget.DeepgramSpeak, options.Value.MaxSpeakSockets, QueryProblem(query, socket: true), DeepgramSockets.Broken,
            (socket, id, cancellation) =>
                new SpeakSession(socket, id, (string?)query["model"] ?? DefaultModel, options.Value, timeline, clock).RunAsync(cancellation));
    }

    static async Task<IResult> SpeakAsync(HttpContext context, IOptions<DeepgramOptions> options, Timeline timeline)
    {
        var id = DeepgramAuth.NewRequestId(context);
        if (!DeepgramAuth.Allows(context.Request, options.Value.ApiKey))
        {
            return DeepgramAuth.Refuse(context, 401, "INVALID_AUTH", "Invalid credentials.", id);
        }

        if (QueryProblem(context.Request.Query, socket: false) is { } problem)
        {
            return DeepgramAuth.Refuse(context, 400, "INVALID_QUERY_PARAMETER", problem, id);
        }

        if (context.Request.ContentLength > MaxBodyBytes)
        {
            return DeepgramAuth.Refuse(context, 413, "PAYLOAD_TOO_LARGE", "Request body is larger than 2 MB.", id);
        }

        var type = context.Request.ContentType ?? "";
        var isJson = context.Request.HasJsonContentType();
        if (!isJson && !type.StartsWith("text/plain", StringComparison.OrdinalIgnoreCase))
        {
            return DeepgramAuth.Refuse(context, 415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json or text/plain.", id);
        }

        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var text = isJson ? TextOf(body) : body;
        if (string.IsNullOrWhiteSpace(text))
        {
            return DeepgramAuth.Refuse(context, 400, "PAYLOAD_ERROR", "Failed to deserialize JSON payload. Please specify exactly one of `text` or `url`.", id);
        }

        if (text.Length > options.Value.MaxSpeakCharacters)
        {
            return DeepgramAuth.Refuse(
                context, 413, "Payload Too Large", $"Input text exceeds maximum character limit of {options.Value.MaxSpeakCharacters}.", id);
        }

        timeline.Add("speak", id, new() { ["text"] = text });
        await SendAsync(context, (string?)context.Request.Query["model"] ?? DefaultModel, PacedVoice.Spoken(text));
        return Results.Empty;
    }

    static async Task SendAsync(HttpContext context, string model, string text)
    {
        var response = context.Response;
        response.ContentType = "audio/mulaw;rate=8000";
        response.Headers["dg-model-name"] = model;
        response.Headers["dg-model-uuid"] = "00000000-0000-4000-8000-00000000a0a2";
        response.Headers["dg-char-count"] = text.Length.ToString(CultureInfo.InvariantCulture);
        var audio = ToneCode.Encode(text);
        for (var at = 0; at < audio.Length; at += ChunkBytes)
        {
            await response.Body.WriteAsync(audio.AsMemory(at, Math.Min(ChunkBytes, audio.Length - at)), context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    static string? QueryProblem(IQueryCollection query, bool socket) => query switch
    {
        _ when query.Keys.FirstOrDefault(k => !Known.Contains(k)) is { } unknown => $"Unknown query parameter '{unknown}'.",
        _ when query["encoding"] != "mulaw" => "The simulator speaks encoding=mulaw only.",
        _ when query["sample_rate"] is not ({ Count: 0 } or ["8000"]) => "The simulator speaks sample_rate=8000 only.",
        _ when query["container"] != "none" && !(socket && query["container"].Count == 0) => "The simulator speaks container=none only: a header would be heard as a click.",
        _ when query["speed"] is [{ } speed] && (!double.TryParse(speed, CultureInfo.InvariantCulture, out var rate) || rate is < 0.7 or > 1.5) =>
            "speed must be 0.7 to 1.5.",
        _ => null,
    };

    static string? TextOf(string json)
    {
        try
        {
            using var body = JsonDocument.Parse(json);
            return body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("text", out var text)
                && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
