using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>Section Cascade: the engine made of an ear, our own turn taking, AgentWorker's model and a voice.</summary>
sealed class CascadeOptions : ICheckedOptions
{
    static readonly string[] KnownEars = ["deepgram", "flux", "elevenlabs", "elevenlabs-batch"];

    /// <summary>Speech-to-text in the order of preference, separated by commas, where a flow says nothing else; default deepgram,elevenlabs. What has no key is left out.</summary>
    public string Ears { get; init; } = "deepgram,elevenlabs";

    /// <summary>The voice that stands in for one that fails, as vendor/voice; default is ElevenLabs' own (ElevenLabs:VoiceId). Without a key for it the first vendor's HTTP way is all there is.</summary>
    public string StandInVoice { get; init; } = "elevenlabs/";

    /// <summary>Deepgram's model for the ear `deepgram`; default nova-3.</summary>
    public string ListenModel { get; init; } = "nova-3";

    /// <summary>Deepgram's model for the ear `flux`; default flux-general-en, flux-general-multi for other languages.</summary>
    public string FluxModel { get; init; } = "flux-general-en";

    /// <summary>One attempt to open an ear, in ms; default 1000.</summary>
    public int OpenTimeoutMs { get; init; } = 1000;

    /// <summary>The next ear is tried beside one that has not opened within this, in ms; default 500.</summary>
    public int HedgeMs { get; init; } = 500;

    /// <summary>A voice that has not begun within this is given up for the next one, in ms; default 1200.</summary>
    public int FirstAudioMs { get; init; } = 1200;

    /// <summary>The same for a pause in mid-sentence, in ms; default 1000.</summary>
    public int StallMs { get; init; } = 1000;

    /// <summary>Start the model on a likely end of the turn, before it is certain; default true.</summary>
    public bool EagerStart { get; init; } = true;

    /// <summary>Silence after words that sound finished, where the vendor has not said that the caller has ended, in ms; default 600.</summary>
    public int EndSilenceMs { get; init; } = 600;

    /// <summary>Silence after an unfinished clause ("and", "to the", a comma), in ms; default 1300.</summary>
    public int OpenClauseSilenceMs { get; init; } = 1300;

    /// <summary>Silence after digits, which are dictated in groups, in ms; default 1500.</summary>
    public int DigitsSilenceMs { get; init; } = 1500;

    /// <summary>Keys pressed one after the other are one input until such a pause or #, in ms; default 2000.</summary>
    public int KeypadPauseMs { get; init; } = 2000;

    /// <summary>No word of an answer within this, in ms: keypad mode. Default 15000; at 2.5 s the phone has heard "One moment, please".</summary>
    public int AnswerWithinMs { get; init; } = 15_000;

    public IEnumerable<string> Problems()
    {
        foreach (var ear in EarList.Where(ear => !KnownEars.Contains(ear)))
        {
            yield return $"Cascade:Ears must be some of {string.Join(", ", KnownEars)}, for example deepgram,elevenlabs; found '{ear}'.";
        }

        if (EarList.Count == 0)
        {
            yield return "Cascade:Ears must name at least one ear, for example deepgram.";
        }

        if (StandInVoice.Length > 0 && !StandInVoice.Contains('/', StringComparison.Ordinal))
        {
            yield return $"Cascade:StandInVoice must be vendor/voice, for example deepgram/aura-2-thalia-en; found '{StandInVoice}'.";
        }

        foreach (var (key, value, least, most, example) in ((string, int, int, int, int)[])
            [("OpenTimeoutMs", OpenTimeoutMs, 100, 10_000, 1000), ("HedgeMs", HedgeMs, 50, 5000, 500), ("FirstAudioMs", FirstAudioMs, 200, 10_000, 1200),
             ("StallMs", StallMs, 200, 10_000, 1000), ("EndSilenceMs", EndSilenceMs, 200, 5000, 600), ("OpenClauseSilenceMs", OpenClauseSilenceMs, 200, 10_000, 1300),
             ("DigitsSilenceMs", DigitsSilenceMs, 200, 10_000, 1500), ("KeypadPauseMs", KeypadPauseMs, 500, 10_000, 2000), ("AnswerWithinMs", AnswerWithinMs, 3000, 60_000, 15_000)])
        {
            if (value < least || value > most)
            {
                yield return $"Cascade:{key} must be from {least} to {most} ms, for example {example}; found {value}.";
            }
        }
    }

    public IReadOnlyList<string> EarList => Ears.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
