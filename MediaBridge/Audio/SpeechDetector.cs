using System.Numerics;

namespace CityMonitor.MediaBridge.Audio;

/// <summary>What one frame changed.</summary>
[Flags]
enum Heard
{
    Nothing = 0,

    /// <summary>An utterance began, some frames ago.</summary>
    SpeechStarted = 1,

    /// <summary>An utterance is over: silence for the hangover.</summary>
    SpeechEnded = 2,

    /// <summary>The first silent frame after sound: what was said so far should leave for the vendor now.</summary>
    Pause = 4,
}

/// <summary>
/// Hears when the caller speaks, in every engine alike. Four bands, each against its own noise floor, so that a voice stands out of
/// traffic that is louder than it; the floors follow the line within two seconds, up and down. A cough is too short to be speech.
/// Counts audio, not clock time: frames may arrive bunched. Deterministic, allocates nothing. Measured in bench/README.md.
/// </summary>
sealed class SpeechDetector(SpeechDetectorSettings settings)
{
    // Eight frames of memory; how many of them must be voiced is a setting.
    const int WindowFrames = 8;

    // What no voice is quieter than, per band: keeps a digitally silent line from making speech of its last bit.
    const double SilentBand = 25.0 * 25;

    readonly double[] energies = new double[BandSplitter.Bands];
    readonly NoiseFloor[] floors = [new(), new(), new(), new()];
    readonly double quietest = Math.Pow(32768 * Math.Pow(10, settings.QuietestDbov / 20), 2);
    BandSplitter bands;

    /// <summary>How far the score of frames without speech usually lies above zero, and how far it strays: a room full of voices is no even noise.</summary>
    double idleScore = 2;
    double idleDeviation = 1;

    /// <summary>The loudest of the last seconds: within an utterance nothing counts that is 20 dB below it.</summary>
    double level;

    uint window;
    bool lastFrameVoiced;
    long silenceBytes = long.MaxValue / 2;
    long fed;
    long onset;

    public SpeechDetector() : this(new SpeechDetectorSettings())
    {
    }

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
        if (frame.IsEmpty)
        {
            return Heard.Nothing;
        }

        var energy = bands.Split(frame, energies);
        var score = Score();
        var idle = idleScore + (3 * idleDeviation);
        var start = energy > quietest && score > Math.Max(settings.StartScore, idle);
        level = Math.Max(energy, level * 0.99);
        var goesOn = energy > Math.Max(quietest / 2, level * 0.01) && score > Math.Max(settings.ContinueScore, idle * 0.7);
        Learn(score, score > settings.StartScore);

        // While somebody speaks a weaker frame still counts, but only beside another one: noise crosses the lower line now and then.
        var voiced = IsSpeaking ? goesOn && (lastFrameVoiced || start) : start;
        window = (window << 1) | (voiced ? 1u : 0);
        var heard = voiced ? OnSound(frame.Length) : OnSilence(frame.Length);
        fed += frame.Length;
        lastFrameVoiced = IsSpeaking ? goesOn : start;
        return heard;
    }

    Heard OnSound(int bytes)
    {
        onset = SilenceMs >= settings.HangoverMs ? fed : onset;
        silenceBytes = 0;
        VoicedMs += bytes / MuLaw.BytesPerMillisecond;
        if (IsSpeaking || BitOperations.PopCount(window & ((1u << WindowFrames) - 1)) < settings.FramesToStart)
        {
            return Heard.Nothing;
        }

        IsSpeaking = true;
        return Heard.SpeechStarted;
    }

    Heard OnSilence(int bytes)
    {
        var heard = silenceBytes == 0 ? Heard.Pause : Heard.Nothing;
        silenceBytes += bytes;
        if (SilenceMs < settings.HangoverMs)
        {
            return heard;
        }

        if (!IsSpeaking)
        {
            VoicedMs = 0;
            return heard;
        }

        IsSpeaking = false;
        return heard | Heard.SpeechEnded;
    }

    /// <summary>By how many dB the bands stand above their floors, together; one band cannot carry it alone beyond 20.</summary>
    double Score()
    {
        var score = 0.0;
        for (var band = 0; band < energies.Length; band++)
        {
            var floor = Math.Max(floors[band].Level, SilentBand);
            if (energies[band] > floor)
            {
                score += Math.Min(20, 10 * Math.Log10(energies[band] / floor));
            }
        }

        return score;
    }

    void Learn(double score, bool speech)
    {
        for (var band = 0; band < energies.Length; band++)
        {
            floors[band].Add(energies[band], speech);
        }

        if (speech && IsSpeaking)
        {
            return;
        }

        // Bounded, so that no room is ever too loud for a voice at its usual level. A restless line is remembered for some seconds.
        idleScore += 0.02 * (Math.Min(score, settings.LoudestIdle) - idleScore);
        var stray = Math.Min(Math.Abs(score - idleScore), settings.LoudestIdle / 2);
        idleDeviation += (stray > idleDeviation ? 0.02 : 0.006) * (stray - idleDeviation);
    }
}
