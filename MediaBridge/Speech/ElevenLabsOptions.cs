using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>Section ElevenLabs. Key and base URL are the vendor's own settings (<see cref="Vendor.ElevenLabs"/>).</summary>
sealed class ElevenLabsOptions : ICheckedOptions
{
    /// <summary>The voice where a flow names none; default is the vendor's stock voice "Sarah".</summary>
    public string VoiceId { get; init; } = "EXAVITQu4vr4xnSDxMaL";

    /// <summary>Text-to-speech; default eleven_flash_v2_5, the quickest. eleven_v3 cannot be streamed.</summary>
    public string ModelId { get; init; } = "eleven_flash_v2_5";

    /// <summary>Realtime speech-to-text; default scribe_v2_realtime.</summary>
    public string ListenModel { get; init; } = "scribe_v2_realtime";

    /// <summary>Speech-to-text by HTTP; default scribe_v1.</summary>
    public string BatchModel { get; init; } = "scribe_v1";

    public IEnumerable<string> Problems()
    {
        foreach (var (key, value, example) in ((string, string, string)[])
            [("VoiceId", VoiceId, "EXAVITQu4vr4xnSDxMaL"), ("ModelId", ModelId, "eleven_flash_v2_5"), ("ListenModel", ListenModel, "scribe_v2_realtime"), ("BatchModel", BatchModel, "scribe_v1")])
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"ElevenLabs:{key} must not be empty, for example {example}.";
            }
        }

        if (ModelId == "eleven_v3")
        {
            yield return "ElevenLabs:ModelId must be a model that can be streamed, for example eleven_flash_v2_5; eleven_v3 cannot.";
        }
    }
}

/// <summary>Where ElevenLabs is and its key. Not there at all where it has no key and the other vendors are real.</summary>
/// <param name="Http">Without a path.</param>
/// <param name="Socket">The same as ws or wss.</param>
sealed record ElevenLabsEndpoint(Uri Http, Uri Socket, string ApiKey);
