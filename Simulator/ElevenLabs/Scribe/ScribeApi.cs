using System.Buffers.Binary;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>Scribe: a recording by <c>POST /v1/speech-to-text</c>, and live at <c>wss /v1/speech-to-text/realtime</c>.</summary>
static class ScribeApi
{
    const int ShortestMs = 100;

    static readonly JsonObject Broken = new() { ["message_type"] = "transcriber_error", ["error"] = "An internal error occurred." };

    public static void MapScribe(this IEndpointRouteBuilder api) => api.MapPost("/speech-to-text", TranscribeAsync);

    public static void MapScribeRealtime(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/speech-to-text/realtime", ListenAsync);

    static Task<IResult> ListenAsync(
        HttpContext context, ElevenLabsSockets sockets, ElevenLabsAccount account, IOptions<ElevenLabsOptions> options, Timeline timeline, TimeProvider clock)
    {
        // The key comes with the handshake, or as a single-use token.
        var key = (string?)context.Request.Headers["xi-api-key"] ?? (string?)context.Request.Query["token"];
        return sockets.ServeAsync(context, FaultTarget.ElevenLabsListen, Broken, (socket, id, cancellation) =>
            new ScribeSession(socket, id, ScribeQuery.Read(context.Request.Query), account.Knows(key), options.Value, timeline, clock).RunAsync(cancellation));
    }

    static async Task<IResult> TranscribeAsync(HttpContext context, IOptions<ElevenLabsOptions> options, Timeline timeline, TimeProvider clock)
    {
        if (!context.Request.HasFormContentType)
        {
            return ElevenLabsAccount.Invalid("field required", "value_error.missing", "body", "model_id");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if ((string?)form["model_id"] is not ("scribe_v1" or "scribe_v2"))
        {
            return form["model_id"].Count == 0 ? ElevenLabsAccount.Invalid("field required", "value_error.missing", "body", "model_id")
                : ElevenLabsAccount.Refuse(400, "invalid_model_id", $"'{form["model_id"]}' is not a valid model_id. Only 'scribe_v1' and 'scribe_v2' are supported.");
        }

        if (form.Files["file"] is not { } file)
        {
            return ElevenLabsAccount.Refuse(400, "invalid_parameters", "Must provide either file or cloud_storage_url parameter; the simulator takes file only.");
        }

        using var memory = new MemoryStream();
        await file.CopyToAsync(memory, context.RequestAborted);
        var mulaw = form["file_format"] == "pcm_s16le_16" ? AudioIntake.For("linear16", 16_000)!.ToMuLaw(memory.ToArray()) : OfWav(memory.ToArray());
        if (mulaw is not { } audio)
        {
            return ElevenLabsAccount.Refuse(400, "invalid_audio", "The file is corrupted or no audio that the simulator knows: WAV with mu-law at 8 kHz or 16 bit PCM, one channel.");
        }

        if (audio.Length < ShortestMs * MuLaw.BytesPerMillisecond)
        {
            return ElevenLabsAccount.Refuse(400, "audio_too_short", "The audio must be at least 100 ms long.");
        }

        var ear = new WordEar();
        ear.Feed(audio.Span);
        ear.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(100)));
        var words = ear.Take(all: true);
        var text = HeardWord.TextOf(words, plain: false);
        timeline.Add("listen.heard", "scribe", new() { ["text"] = text });
        await Task.Delay(options.Value.ListenLatency, clock, context.RequestAborted);
        return ElevenLabsAccount.Json(200, new JsonObject
        {
            ["language_code"] = (string?)form["language_code"] ?? "eng",
            ["language_probability"] = words.Count == 0 ? 0.0 : 0.99,
            ["text"] = text,
            ["words"] = ScribeWords.Of(words),
            ["transcription_id"] = Guid.NewGuid().ToString("N")[..20],
            ["audio_duration_secs"] = Math.Round(audio.Length / (double)MuLaw.SampleRate, 3),
        });
    }

    // "RIFF" size "WAVE", then chunks: "fmt " size {format, channels, rate, bytes per second, block, bits}, "data" size bytes.
    static ReadOnlyMemory<byte>? OfWav(byte[] file)
    {
        AudioIntake? intake = null;
        if (file.Length < 12 || !file.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !file.AsSpan(8, 4).SequenceEqual("WAVE"u8))
        {
            return null;
        }

        for (var at = 12; at + 8 <= file.Length;)
        {
            var size = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4)), (uint)(file.Length - at - 8));
            var chunk = file.AsMemory(at + 8, size);
            if (file.AsSpan(at, 4).SequenceEqual("fmt "u8) && size >= 16)
            {
                var (format, channels, rate) = (
                    BinaryPrimitives.ReadUInt16LittleEndian(chunk.Span), BinaryPrimitives.ReadUInt16LittleEndian(chunk.Span[2..]),
                    BinaryPrimitives.ReadInt32LittleEndian(chunk.Span[4..]));
                intake = channels == 1 ? AudioIntake.For(format == 7 ? "mulaw" : format == 1 ? "linear16" : "", rate) : null;
            }
            else if (file.AsSpan(at, 4).SequenceEqual("data"u8))
            {
                return intake?.ToMuLaw(chunk);
            }

            at += 8 + size + (size & 1);
        }

        return null;
    }
}

static class ScribeWords
{
    /// <summary>Words and the spaces between them. Sample: <c>{"text":"Yes,","start":0.02,"end":0.26,"type":"word","speaker_id":"speaker_0","logprob":-0.01}</c>.</summary>
    public static JsonArray Of(IReadOnlyList<HeardWord> words)
    {
        var all = new JsonArray();
        for (var i = 0; i < words.Count; i++)
        {
            if (i > 0)
            {
                all.Add((JsonNode)Word(" ", words[i - 1].End, words[i].Start, "spacing", 1));
            }

            all.Add((JsonNode)Word(words[i].Text, words[i].Start, words[i].End, "word", words[i].Confidence));
        }

        return all;
    }

    static JsonObject Word(string text, double start, double end, string type, double confidence) => new()
    {
        ["text"] = text, ["start"] = start, ["end"] = end, ["type"] = type, ["speaker_id"] = "speaker_0", ["logprob"] = Math.Round(Math.Log(confidence), 4),
    };
}
