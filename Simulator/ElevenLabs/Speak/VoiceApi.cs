using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>Text to speech over HTTP: <c>POST /v1/text-to-speech/{voice}[/stream][/with-timestamps]?output_format=ulaw_8000</c>.</summary>
static class VoiceApi
{
    static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(250);

    public static void MapVoice(this IEndpointRouteBuilder api)
    {
        api.MapPost("/text-to-speech/{voice}", (HttpContext context, string voice) => SpeakAsync(context, voice, streamed: false, timed: false));
        api.MapPost("/text-to-speech/{voice}/stream", (HttpContext context, string voice) => SpeakAsync(context, voice, streamed: true, timed: false));
        api.MapPost("/text-to-speech/{voice}/with-timestamps", (HttpContext context, string voice) => SpeakAsync(context, voice, streamed: false, timed: true));
        api.MapPost("/text-to-speech/{voice}/stream/with-timestamps", (HttpContext context, string voice) => SpeakAsync(context, voice, streamed: true, timed: true));
    }

    static async Task<IResult> SpeakAsync(HttpContext context, string voice, bool streamed, bool timed)
    {
        var services = context.RequestServices;
        var account = services.GetRequiredService<ElevenLabsAccount>();
        JsonDocument body;
        try
        {
            body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            return ElevenLabsAccount.Invalid("JSON decode error", "json_invalid", "body");
        }

        using (body)
        {
            if (SpeechRequest.Read(body.RootElement, voice, context.Request.Query["output_format"], out var request) is { } refusal)
            {
                return refusal;
            }

            var text = PacedVoice.Spoken(request!.Text);
            if (!account.Spend(request.Text.Length))
            {
                return ElevenLabsAccount.Refuse(401, "quota_exceeded", $"This request exceeds your quota of {account.Limit}. You have {account.Limit - account.Used} credits remaining, while {request.Text.Length} credits are required for this request.");
            }

            services.GetRequiredService<Timeline>().Add("speak", voice, new() { ["text"] = text, ["vendor"] = "ElevenLabs" });
            context.Response.ContentType = timed ? "application/json" : "audio/basic";
            context.Response.Headers["character-cost"] = request.Text.Length.ToString(CultureInfo.InvariantCulture);
            context.Response.Headers["history-item-id"] = Guid.NewGuid().ToString("N")[..20];
            await SendAsync(context, text, streamed, timed);
            return Results.Empty;
        }
    }

    static async Task SendAsync(HttpContext context, string text, bool streamed, bool timed)
    {
        var options = context.RequestServices.GetRequiredService<IOptions<ElevenLabsOptions>>().Value;
        using var stream = new StreamedAnswer(
            context, context.RequestServices.GetRequiredService<FaultBoard>(), FaultTarget.ElevenLabsSpeak, context.RequestServices.GetRequiredService<TimeProvider>());
        var audio = ToneCode.Encode(text);
        var bytes = streamed ? (int)Piece.TotalMilliseconds * MuLaw.BytesPerMillisecond : audio.Length;
        for (var at = 0; at < audio.Length; at += bytes)
        {
            var piece = audio.AsMemory(at, Math.Min(bytes, audio.Length - at));
            // A text is one piece of JSON with its timing, or lines of it with the timing in the first.
            var sent = !timed ? piece : Encoding.UTF8.GetBytes(new JsonObject
            {
                ["audio_base64"] = Convert.ToBase64String(piece.Span),
                ["alignment"] = at == 0 ? new Alignment(text).InSeconds() : null,
                ["normalized_alignment"] = at == 0 ? new Alignment(text).InSeconds() : null,
            }.ToJsonString() + "\n");
            if (!await stream.SendAsync(sent, options.SpeakLatency + MuLaw.DurationOf(at) / options.AudioSpeed))
            {
                // Nothing can be said any more in the middle of audio: the connection breaks.
                context.Abort();
                return;
            }
        }
    }
}
