using System.Diagnostics;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>When each turn began and ended, for the call's record, and where its time went.</summary>
sealed partial class Conversation
{
    readonly TurnTimes times;

    /// <summary>How the caller says the turn that is being taken.</summary>
    TurnSource turnSource;

    /// <summary>First sound of the utterance that is not understood yet, or of the last one.</summary>
    double callerStartedMs = double.NaN;

    /// <summary>The span of this stream, on which each turn leaves its events.</summary>
    public Activity? Span { init => times.Span = value; }

    TimeSpan SinceCallerStopped =>
        turnSource == TurnSource.Keypad || detector.IsSpeaking || double.IsNaN(callerStartedMs) ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(Math.Max(0, Math.Min(detector.SilenceMs, NowMs - callerStartedMs)));

    TimeSpan? SinceCallerStarted =>
        turnSource == TurnSource.Keypad || double.IsNaN(callerStartedMs) ? null : TimeSpan.FromMilliseconds(Math.Max(0, NowMs - callerStartedMs));

    void FirstFrameLeft()
    {
        lock (gate)
        {
            times.FirstFrame(NowMs);
        }
    }
}
