namespace CityMonitor.MediaBridge.Audio;

/// <summary>How easily the detector takes a sound for speech.</summary>
enum DetectorMode
{
    /// <summary>A soft voice in a quiet room.</summary>
    Sensitive,

    Normal,

    /// <summary>A loud place: rather a soft word missed than noise taken for a word.</summary>
    Strict,
}

/// <param name="StartScore">dB above the noise, summed over four bands, from which a frame may start an utterance.</param>
/// <param name="ContinueScore">The same for a frame within one.</param>
/// <param name="FramesToStart">Voiced frames out of the last eight that make an utterance, 20 ms each; default 5.</param>
/// <param name="HangoverMs">Silence after which an utterance is over, longer than the gap between words; default 300.</param>
/// <param name="QuietestDbov">No frame below it is speech; default -46, quieter than any voice on a phone line, louder than comfort noise.</param>
/// <param name="LoudestIdle">What the score of a restless background may raise <paramref name="StartScore"/> by at the most.</param>
readonly record struct SpeechDetectorSettings(double StartScore, double ContinueScore, int FramesToStart, int HangoverMs, double QuietestDbov, double LoudestIdle)
{
    public SpeechDetectorSettings() : this(DetectorMode.Normal)
    {
    }

    public SpeechDetectorSettings(DetectorMode mode, int hangoverMs = 300, double quietestDbov = -46)
        : this(
            mode switch { DetectorMode.Sensitive => 12, DetectorMode.Strict => 24, _ => 16 },
            mode switch { DetectorMode.Sensitive => 7, DetectorMode.Strict => 13, _ => 9 },
            mode == DetectorMode.Sensitive ? 4 : 5, hangoverMs, quietestDbov,
            mode == DetectorMode.Sensitive ? 8 : 16)
    {
    }
}
