using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>Section Turns: how the bridge takes part in the turn taking.</summary>
sealed class TurnsOptions : ICheckedOptions
{
    /// <summary>Clear the phone as soon as our own detector hears the caller, without waiting for the vendor; default true.</summary>
    public bool OwnBargeIn { get; init; } = true;

    /// <summary>Our own barge-in was a false alarm when the vendor has heard no speech this long after it ended, in ms: what was cut off is said again. Default 1000.</summary>
    public int FalseAlarmAfterMs { get; init; } = 1000;

    /// <summary>Sound shorter than this is a cough, which a vendor may well ignore, in ms; default 200, since a short yes must count.</summary>
    public int ShortestUtteranceMs { get; init; } = 200;

    /// <summary>How long the greeting waits for the "Hello?" of whoever picks up, in ms; default 700. 0 greets at once.</summary>
    public int HelloWaitMs { get; init; } = 700;

    /// <summary>The greeting interrupts whoever still speaks this long after the start, in ms: a machine, most likely; default 3000.</summary>
    public int LongestHelloMs { get; init; } = 3000;

    /// <summary>A tool that AgentWorker has not answered after this counts as failed, so that the conversation goes on, in ms; default 20000.</summary>
    public int ToolTimeoutMs { get; init; } = 20_000;

    /// <summary>How easily a sound is taken for speech: Sensitive (soft voices in quiet rooms), Normal or Strict (loud places). Default Normal.</summary>
    public Audio.DetectorMode VoiceMode { get; init; } = Audio.DetectorMode.Normal;

    /// <summary>Silence after which an utterance is over for our own detector, in ms; default 300, longer than the gap between words.</summary>
    public int HangoverMs { get; init; } = 300;

    /// <summary>No frame below this level is speech, in dBov; default -46.</summary>
    public double QuietestVoiceDbov { get; init; } = -46;

    public Audio.SpeechDetectorSettings Voice => new(VoiceMode, HangoverMs, QuietestVoiceDbov);

    public IEnumerable<string> Problems()
    {
        if (HangoverMs is < 100 or > 2000)
        {
            yield return $"Turns:HangoverMs must be from 100 to 2000 ms, for example 300; found {HangoverMs}.";
        }

        if (QuietestVoiceDbov is < -70 or > -20)
        {
            yield return $"Turns:QuietestVoiceDbov must be from -70 to -20 dBov, for example -46; found {QuietestVoiceDbov}.";
        }

        if (ToolTimeoutMs is < 500 or > 60_000)
        {
            yield return $"Turns:ToolTimeoutMs must be from 500 to 60000 ms, for example 20000; found {ToolTimeoutMs}.";
        }

        if (HelloWaitMs is < 0 or > 5000)
        {
            yield return $"Turns:HelloWaitMs must be from 0 to 5000 ms, for example 700; found {HelloWaitMs}.";
        }

        if (LongestHelloMs < HelloWaitMs || LongestHelloMs > 10_000)
        {
            yield return $"Turns:LongestHelloMs must be from Turns:HelloWaitMs to 10000 ms, for example 3000; found {LongestHelloMs}.";
        }

        if (FalseAlarmAfterMs is < 100 or > 10_000)
        {
            yield return $"Turns:FalseAlarmAfterMs must be from 100 to 10000 ms, for example 1000; found {FalseAlarmAfterMs}.";
        }

        if (ShortestUtteranceMs is < 20 or > 5000)
        {
            yield return $"Turns:ShortestUtteranceMs must be from 20 to 5000 ms, for example 200; found {ShortestUtteranceMs}.";
        }
    }
}
