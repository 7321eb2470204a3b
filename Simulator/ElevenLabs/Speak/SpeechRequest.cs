using System.Text.Json;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>The body of a text-to-speech request, as far as it changes what is spoken, and the checks of the rest.</summary>
sealed record SpeechRequest(string Text, string Model)
{
    const string DefaultModel = "eleven_multilingual_v2";

    public static int LongestText(string model) => model switch
    {
        "eleven_flash_v2_5" or "eleven_turbo_v2_5" => 40_000,
        "eleven_flash_v2" or "eleven_turbo_v2" => 30_000,
        "eleven_v3" => 5_000,
        _ => 10_000,
    };

    /// <summary>A refusal, or null and the request.</summary>
    public static IResult? Read(JsonElement body, string voice, string? outputFormat, out SpeechRequest? read)
    {
        read = null;
        if (!ElevenLabsApi.IsVoice(voice))
        {
            return ElevenLabsApi.NoVoice(voice);
        }

        if (outputFormat != "ulaw_8000")
        {
            return ElevenLabsAccount.Refuse(400, "invalid_output_format", "The simulator speaks output_format=ulaw_8000 only, which is not the default.");
        }

        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
        {
            return ElevenLabsAccount.Invalid("field required", "value_error.missing", "body", "text");
        }

        var model = body.TryGetProperty("model_id", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : DefaultModel;
        if (!ElevenLabsApi.IsModel(model))
        {
            return ElevenLabsAccount.Refuse(400, "model_not_found", $"A model with model ID {model} does not exist.");
        }

        if (text.GetString()!.Length > LongestText(model))
        {
            return ElevenLabsAccount.Refuse(400, "max_character_limit_exceeded", $"This request has {text.GetString()!.Length} characters; {LongestText(model)} are allowed.");
        }

        if (body.TryGetProperty("voice_settings", out var settings) && SettingsProblem(settings) is { } problem)
        {
            return ElevenLabsAccount.Invalid(problem, "value_error", "body", "voice_settings");
        }

        read = new SpeechRequest(text.GetString()!, model);
        return null;
    }

    /// <summary>What is wrong with <c>{"stability":0.5,"similarity_boost":0.8,"style":0,"use_speaker_boost":true,"speed":1}</c>, or null.</summary>
    public static string? SettingsProblem(JsonElement settings)
    {
        if (settings.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return null;
        }

        if (settings.ValueKind != JsonValueKind.Object)
        {
            return "voice_settings must be an object";
        }

        foreach (var (name, low, high) in (ReadOnlySpan<(string, double, double)>)[("stability", 0, 1), ("similarity_boost", 0, 1), ("style", 0, 1), ("speed", 0.7, 1.2)])
        {
            if (settings.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
                && !(value.ValueKind == JsonValueKind.Number && value.GetDouble() >= low && value.GetDouble() <= high))
            {
                return $"{name} must be a number from {low} to {high}";
            }
        }

        return null;
    }
}
