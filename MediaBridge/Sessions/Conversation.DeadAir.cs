using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Something to hear whenever our side owes words and has none, whatever the cause. See <see cref="Turns.DeadAir"/>.</summary>
sealed partial class Conversation
{
    /// <summary>Words that no vendor has understood after this were none.</summary>
    const double ReactionAtMostMs = 6000;

    /// <summary>The caller has said something, by our own detector, and no vendor has reacted to it yet.</summary>
    bool callerAwaitsReaction;

    bool AwaitsReaction(double now) => callerAwaitsReaction && now - callerStoppedMs < ReactionAtMostMs;

    void WatchForDeadAir(double now)
    {
        if (playout.IsAudible)
        {
            deadAir.Sounded(now);
        }

        if (detector.IsSpeaking)
        {
            deadAir.Sounded(now - detector.SilenceMs);
        }

        var owed = Owed(now);
        if (!deadAir.IsDue(now, owed is not null && !detector.IsSpeaking && phrasesUnderWay == 0))
        {
            return;
        }

        BridgeTelemetry.HoldingPhrases.Add(1, BridgeTelemetry.Tag("reason", owed));
        var phrase = deadAir.NextPhrase();
        var audio = phrase is null ? null : local.AtHand(phrase);
        PlayOurselves(audio is null ? "" : phrase!, audio ?? Earcon.Audio);
    }

    /// <summary>For what our side owes words; null where it is the caller's turn, or the call ends.</summary>
    string? Owed(double now) =>
        deaf || ending is not null || greetingDue ? null
        : tools.Count > 0 ? "tool"
        : AwaitsReaction(now) || unanswered is not null || mute.ExpectsAnswer || AnswerIsUnfinished ? "answer"
        : goOn || unheard.Length > 0 ? "engine"
        : HasWords ? "voice"
        : engine is null && now - engineGoneMs >= Turns.DeadAir.AtMostMs ? "engine"
        : null;
}
