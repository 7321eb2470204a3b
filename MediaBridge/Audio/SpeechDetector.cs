namespace CityMonitor.MediaBridge.Audio;

/// <summary>What one frame changed.</summary>
[Flags]
enum Heard
{
    Nothing = 0,

    /// <summary>An utterance began, some frames ago.</summary>
    SpeechStarted = 1,

    /// <summary>An utterance is over: silence for <see cref="SpeechDetector.HangoverMs"/>.</summary>
    SpeechEnded = 2,

    /// <summary>The first silent frame after sound: what was said so far should leave for the vendor now.</summary>
    Pause = 4,
}

/// <summary>
/// Hears by energy when the caller speaks, in every engine alike. The line's own noise raises the threshold slowly, so a loud street
/// is not speech; a cough is too short to be. Counts audio, not clock time: frames may arrive bunched.
/// </summary>
sealed class SpeechDetector
{
    /// <summary>Silence after which an utterance is over. Longer than the gap between words.</summary>
    public const int HangoverMs = 300;

    // -46 dBFS: quieter than any voice on a phone line, louder than comfort noise.
    const double QuietestSpeech = 160.0 * 160;

    // The noise floor never rises to where speech is (-32 dBFS).
    const double LoudestNoise = 800.0 * 800;

    // Speech is at least 8 dB above the noise.
    const double AboveNoise = 6.3;

    // 100 ms of sound within 160 ms starts an utterance.
    const int WindowFrames = 8;
    const int FramesToStart = 5;

    double noise = 50.0 * 50;
    byte window;
    long silenceBytes = long.MaxValue / 2;
    long fed;
    long onset;
    bool lastFrameVoiced;

    /// <summary>An utterance is under way.</summary>
    public bool IsSpeaking { get; private set; }

    /// <summary>Sound in the current or last utterance, in ms: tells a word from a cough.</summary>
    public int VoicedMs { get; private set; }

    /// <summary>How long ago, in bytes of audio, the first sound of the current or last utterance was: words before the detector was sure belong to it.</summary>
    public long SinceOnset => fed - onset;

    /// <summary>Silence since the last sound, in ms.</summary>
    public long SilenceMs => silenceBytes / MuLaw.BytesPerMillisecond;

    public Heard Feed(ReadOnlySpan<byte> frame)
    {
        var energy = MuLaw.MeanSquare(frame);
        var voiced = energy > Math.Max(QuietestSpeech, noise * AboveNoise);
        TrackNoise(energy, voiced);

        window = (byte)((window << 1) | (voiced ? 1 : 0));
        var heard = Heard.Nothing;
        if (voiced)
        {
            onset = SilenceMs >= HangoverMs ? fed : onset;
            silenceBytes = 0;
            VoicedMs += frame.Length / MuLaw.BytesPerMillisecond;
            if (!IsSpeaking && System.Numerics.BitOperations.PopCount(window) >= FramesToStart)
            {
                IsSpeaking = true;
                heard |= Heard.SpeechStarted;
            }
        }
        else
        {
            silenceBytes += frame.Length;
            if (lastFrameVoiced)
            {
                heard |= Heard.Pause;
            }

            if (SilenceMs >= HangoverMs)
            {
                if (IsSpeaking)
                {
                    IsSpeaking = false;
                    heard |= Heard.SpeechEnded;
                }
                else
                {
                    VoicedMs = 0;
                }
            }
        }

        fed += frame.Length;
        lastFrameVoiced = voiced;
        return heard;
    }

    void TrackNoise(double energy, bool voiced)
    {
        // Down at once, up slowly: doubles in about a second of noise that is no speech, in 14 s of what looks like speech.
        var rise = voiced ? 1.001 : 1.014;
        noise = energy < noise ? (noise * 0.9) + (energy * 0.1) : Math.Min(Math.Min(noise * rise, energy), LoudestNoise);
        noise = Math.Max(noise, 16);
    }
}
