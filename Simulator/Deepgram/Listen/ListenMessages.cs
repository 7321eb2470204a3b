using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>What a segment of audio came to.</summary>
sealed record ListenResult(double Start, double Duration, IReadOnlyList<HeardWord> Words, bool IsFinal, bool SpeechFinal, bool FromFinalize);

/// <summary>The server's messages of <c>/v1/listen</c>.</summary>
sealed class ListenMessages(string requestId, ListenQuery query, TimeProvider clock)
{
    const string ModelId = "00000000-0000-4000-8000-0000000000a3";

    /// <summary>
    /// <c>{"type":"Results","channel_index":[0,1],"duration":1.1,"start":0.0,"is_final":true,"speech_final":true,"channel":{"alternatives":[
    /// {"transcript":"Yes, I can.","confidence":0.99,"words":[{"word":"yes","start":0.02,"end":0.26,"confidence":0.99,"punctuated_word":"Yes,"},...]}]},
    /// "metadata":{"request_id":"...","model_info":{...},"model_uuid":"..."},"from_finalize":false}</c>
    /// </summary>
    public byte[] Results(ListenResult result)
    {
        var alternative = new JsonObject
        {
            ["transcript"] = HeardWord.TextOf(result.Words, plain: !query.Formatted),
            ["confidence"] = result.Words.Count == 0 ? 0.0 : Math.Round(result.Words.Average(w => w.Confidence), 4),
            ["words"] = new JsonArray([.. result.Words.Select(Word)]),
        };
        if (query.Language == "multi")
        {
            alternative["languages"] = result.Words.Count == 0 ? [] : new JsonArray("en");
        }

        return Make(new JsonObject
        {
            ["type"] = "Results",
            ["channel_index"] = new JsonArray(0, 1),
            ["duration"] = Math.Round(result.Duration, 3),
            ["start"] = Math.Round(result.Start, 3),
            ["is_final"] = result.IsFinal,
            ["speech_final"] = result.SpeechFinal,
            ["channel"] = new JsonObject { ["alternatives"] = new JsonArray(alternative) },
            ["metadata"] = new JsonObject { ["request_id"] = requestId, ["model_info"] = Model(), ["model_uuid"] = ModelId },
            ["from_finalize"] = result.FromFinalize,
        });
    }

    /// <summary><c>{"type":"SpeechStarted","channel":[0,1],"timestamp":2.84}</c></summary>
    public static byte[] SpeechStarted(double at) =>
        Make(new JsonObject { ["type"] = "SpeechStarted", ["channel"] = new JsonArray(0, 1), ["timestamp"] = Math.Round(at, 3) });

    /// <summary><c>{"type":"UtteranceEnd","channel":[0,1],"last_word_end":3.1}</c></summary>
    public static byte[] UtteranceEnd(double lastWordEnd) =>
        Make(new JsonObject { ["type"] = "UtteranceEnd", ["channel"] = new JsonArray(0, 1), ["last_word_end"] = Math.Round(lastWordEnd, 3) });

    /// <summary>The last message, after CloseStream.</summary>
    public byte[] Metadata(double duration) => Make(new JsonObject
    {
        ["type"] = "Metadata",
        ["transaction_key"] = "deprecated",
        ["request_id"] = requestId,
        ["sha256"] = new string('0', 64),
        ["created"] = clock.GetUtcNow().UtcDateTime.ToString("O"),
        ["duration"] = Math.Round(duration, 3),
        ["channels"] = 1,
        ["models"] = new JsonArray(ModelId),
        ["model_info"] = new JsonObject { [ModelId] = Model() },
    });

    JsonNode Word(HeardWord heard)
    {
        var word = new JsonObject { ["word"] = heard.Plain, ["start"] = heard.Start, ["end"] = heard.End, ["confidence"] = heard.Confidence };
        if (query.Formatted)
        {
            word["punctuated_word"] = heard.Text;
        }

        return word;
    }

    JsonObject Model() => new() { ["name"] = query.Model, ["version"] = "2026-01-01.0", ["arch"] = query.Model.Split('-') is [var family, var number, ..] ? $"{family}-{number}" : query.Model };

    static byte[] Make(JsonObject message) => Encoding.UTF8.GetBytes(message.ToJsonString());
}
