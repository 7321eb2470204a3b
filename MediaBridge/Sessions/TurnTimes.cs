using System.Diagnostics;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// Where the time of a turn goes, from the caller's last sound to the agent's first frame: as events of the stream's span, as histograms,
/// and with the agent's turn in the call's record. Times are ms of the conversation's clock; its lock guards this.
/// </summary>
sealed class TurnTimes(string engine)
{
    double lastSound = double.NaN;
    double transcript = double.NaN;
    double firstText = double.NaN;
    double firstAudio = double.NaN;
    double firstFrame = double.NaN;
    bool isOpen;
    bool isEager;

    public Activity? Span { get; set; }

    /// <summary>Our own detector has heard the last sound; there may be more before the turn is over.</summary>
    public void EndOfSpeech(double lastSoundMs, double now) => Event("turn.end_of_speech", now - lastSoundMs);

    /// <summary>The caller's words are whole and the turn is theirs no more.</summary>
    public void Transcript(double now, double silenceMs)
    {
        // An eager start may have brought the first words of the answer already.
        firstText = isEager && !double.IsNaN(firstText) ? now : double.NaN;
        (lastSound, transcript, firstAudio, firstFrame, isOpen, isEager) = (now - silenceMs, now, double.NaN, double.NaN, true, false);
        BridgeTelemetry.TurnTranscript.Record(silenceMs / 1000, BridgeTelemetry.Tag("citymonitor.engine", engine));
        Event("turn.transcript", silenceMs);
    }

    /// <summary>The answer is thought of before the turn is certainly over.</summary>
    public void EagerStart() => (isEager, firstText) = (true, double.NaN);

    /// <summary>What was begun eagerly is not the answer.</summary>
    public void EagerWasWrong() => (isEager, firstText) = (false, isEager ? double.NaN : firstText);

    public void FirstText(double now)
    {
        if ((isOpen || isEager) && double.IsNaN(firstText))
        {
            firstText = now;
            Event("turn.first_text", now - lastSound);
        }
    }

    /// <returns>Whether it is the first of this turn.</returns>
    public bool FirstAudio(double now)
    {
        if (!isOpen || !double.IsNaN(firstAudio))
        {
            return false;
        }

        firstAudio = now;
        Event("turn.first_audio", now - lastSound);
        return true;
    }

    public void FirstFrame(double now)
    {
        if (isOpen && double.IsNaN(firstFrame))
        {
            firstFrame = now;
            BridgeTelemetry.TurnFirstFrame.Record((now - lastSound) / 1000, BridgeTelemetry.Tag("citymonitor.engine", engine));
            Event("turn.first_frame", now - lastSound);
        }
    }

    public void Interrupted(double now) => Event("turn.interrupted", now - lastSound);

    /// <summary>What the agent's turn that is recorded now has waited for; null where it answers nothing, or is a later sentence of an answer.</summary>
    public TurnTimings? Take()
    {
        if (!isOpen || double.IsNaN(firstAudio))
        {
            return null;
        }

        isOpen = false;
        var timings = new TurnTimings(After(transcript), After(firstText), After(firstAudio), After(firstFrame));
        firstText = double.NaN;
        return timings;
    }

    double? After(double at) => double.IsNaN(at) ? null : Math.Round(Math.Max(0, at - lastSound), 1);

    void Event(string name, double afterMs)
    {
        if (Span is { IsAllDataRequested: true } span)
        {
            span.AddEvent(new ActivityEvent(name, tags: double.IsNaN(afterMs) ? null : new ActivityTagsCollection { ["citymonitor.after_ms"] = Math.Round(afterMs, 1) }));
        }
    }
}
