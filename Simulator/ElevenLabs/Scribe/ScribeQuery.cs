using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>The query of live Scribe.</summary>
/// <param name="CommitOnSilence">The silence that ends a segment; null: the client commits.</param>
/// <param name="Problem">What is wrong with it, or null.</param>
sealed record ScribeQuery(
    string Model, string AudioFormat, string? Language, TimeSpan? CommitOnSilence, bool Timestamps, bool DetectLanguage, IReadOnlyList<string> Keyterms, string? Problem)
{
    public static ScribeQuery Read(IQueryCollection query)
    {
        var model = (string?)query["model_id"] ?? "";
        var format = (string?)query["audio_format"] ?? "pcm_16000";
        var strategy = (string?)query["commit_strategy"] ?? "manual";
        var given = query["vad_silence_threshold_secs"].Count > 0;
        var valid = double.TryParse(query["vad_silence_threshold_secs"], CultureInfo.InvariantCulture, out var silence);
        var problem = query switch
        {
            _ when model != "scribe_v2_realtime" => $"Invalid model_id '{model}'. Only 'scribe_v2_realtime' is supported.",
            _ when Intake(format) is null => $"Invalid audio_format '{format}'.",
            _ when strategy is not ("manual" or "vad") => "commit_strategy must be manual or vad.",
            _ when given && (!valid || silence is < 0.3 or > 3) => "vad_silence_threshold_secs must be between 0.3 and 3.0.",
            _ => null,
        };
        return new ScribeQuery(
            model, format, query["language_code"], strategy == "vad" ? TimeSpan.FromSeconds(given ? silence : 1.5) : null,
            query["include_timestamps"] == "true", query["include_language_detection"] == "true", [.. query["keyterms"].OfType<string>()], problem);
    }

    /// <summary>For ulaw_8000, pcm_8000, pcm_16000 and other multiples of 8000; null for what the simulator does not hear.</summary>
    public static AudioIntake? Intake(string format) =>
        format == "ulaw_8000" ? AudioIntake.For("mulaw", MuLaw.SampleRate)
        : format.StartsWith("pcm_", StringComparison.Ordinal) && int.TryParse(format.AsSpan(4), CultureInfo.InvariantCulture, out var rate) ? AudioIntake.For("linear16", rate)
        : null;

    public JsonObject Config() => new()
    {
        ["sample_rate"] = int.Parse(AudioFormat.Split('_')[^1], CultureInfo.InvariantCulture), ["audio_format"] = AudioFormat, ["language_code"] = Language,
        ["commit_strategy"] = CommitOnSilence is null ? "manual" : "vad", ["vad_commit_strategy"] = CommitOnSilence is not null,
        ["vad_silence_threshold_secs"] = CommitOnSilence?.TotalSeconds ?? 1.5, ["vad_threshold"] = 0.4, ["min_speech_duration_ms"] = 100,
        ["min_silence_duration_ms"] = 100, ["model_id"] = Model, ["enable_logging"] = true, ["include_timestamps"] = Timestamps,
        ["include_language_detection"] = DetectLanguage, ["keyterms"] = new JsonArray([.. Keyterms.Select(k => JsonValue.Create(k))]),
    };
}
