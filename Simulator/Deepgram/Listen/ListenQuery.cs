using System.Globalization;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The query of <c>/v1/listen</c>, as far as it changes what is sent. Everything else is checked and forgotten.</summary>
/// <param name="Endpointing">Silence that ends an utterance; null when it is switched off.</param>
/// <param name="UtteranceEnd">Gap after the last word that is told by UtteranceEnd; null when it was not asked for.</param>
/// <param name="Formatted">Punctuation and capitals as they were said; else plain words in lower case.</param>
sealed record ListenQuery(
    string Model, string Language, string Encoding, int SampleRate, bool InterimResults, TimeSpan? Endpointing, TimeSpan? UtteranceEnd, bool VadEvents,
    bool Formatted, IReadOnlyList<string> Keyterms)
{
    static readonly string[] Flags =
        ["interim_results", "vad_events", "smart_format", "punctuate", "numerals", "profanity_filter", "dictation", "diarize", "detect_entities", "filler_words", "no_delay", "multichannel", "mip_opt_out"];

    static readonly string[] Others =
        ["model", "language", "encoding", "sample_rate", "channels", "endpointing", "utterance_end_ms", "diarize_model", "redact", "replace", "search", "keywords", "keyterm", "extra", "tag", "callback", "callback_method", "version"];

    /// <summary>What is wrong with a query, or null and the query as it is understood.</summary>
    public static string? Read(IQueryCollection query, out ListenQuery? read)
    {
        read = null;
        if (query.Keys.FirstOrDefault(k => !Flags.Contains(k) && !Others.Contains(k)) is { } unknown)
        {
            return $"Unknown query parameter '{unknown}'.";
        }

        if (Flags.FirstOrDefault(f => query[f] is not ([] or ["true"] or ["false"])) is { } flag)
        {
            return $"{flag} must be true or false.";
        }

        var model = (string?)query["model"] ?? "base-general";
        var encoding = (string?)query["encoding"] ?? "";
        _ = int.TryParse(query["sample_rate"], CultureInfo.InvariantCulture, out var rate);
        var utteranceEnd = Milliseconds(query["utterance_end_ms"]);
        var problem = query switch
        {
            _ when AudioIntake.For(encoding, rate) is null => "The simulator hears encoding=mulaw at sample_rate=8000, and linear16 at a multiple of 8000, only.",
            _ when query["channels"] is not ([] or ["1"]) => "The simulator hears one channel only.",
            _ when query["utterance_end_ms"].Count > 0 && (utteranceEnd is null || utteranceEnd < TimeSpan.FromSeconds(1)) => "utterance_end_ms must be 1000 or more.",
            _ when utteranceEnd is not null && query["interim_results"] != "true" => "utterance_end_ms requires interim_results=true.",
            _ when query["endpointing"] is [{ } endpointing] && endpointing is not ("true" or "false") && Milliseconds(endpointing) is null => "endpointing must be milliseconds, or false.",
            _ when query["keyterm"].Count > 0 && !model.StartsWith("nova-3", StringComparison.Ordinal) => "Keyterm Prompting is available for nova-3 models only.",
            _ when query["keywords"].Count > 0 && model.StartsWith("nova-3", StringComparison.Ordinal) => "Keywords are not available for nova-3: use keyterm.",
            _ when model.StartsWith("flux", StringComparison.Ordinal) => "Flux models are at /v2/listen.",
            _ => null,
        };
        if (problem is not null)
        {
            return problem;
        }

        read = new ListenQuery(
            model, (string?)query["language"] ?? "en", encoding, rate, query["interim_results"] == "true",
            query["endpointing"] == "false" ? null : Milliseconds(query["endpointing"]) ?? TimeSpan.FromMilliseconds(10),
            utteranceEnd, query["vad_events"] == "true", query["smart_format"] == "true" || query["punctuate"] == "true",
            [.. query["keyterm"].OfType<string>()]);
        return null;
    }

    static TimeSpan? Milliseconds(string? value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? TimeSpan.FromMilliseconds(number) : null;
}
