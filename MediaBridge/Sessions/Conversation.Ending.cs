using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>How a stream ends: goodbye, silence, its longest time, an answering machine, a drain. Always after the last words, never without a bound.</summary>
sealed partial class Conversation
{
    static readonly TimeSpan GoodbyeDeadline = TimeSpan.FromMilliseconds(1500);
    static readonly TimeSpan VoicemailDeadline = TimeSpan.FromSeconds(4);

    readonly double maxAtMs;

    Ending? ending;
    double quietSinceMs = -1;

    /// <summary>The bridge alone speaks now: the engine neither hears nor is heard.</summary>
    bool deaf;

    /// <summary>Except that it says the last words, since our own voice failed.</summary>
    bool lastWordsByEngine;

    bool draining;
    double drainByMs;

    /// <summary>The call may go on at another bridge: what was not heard stays for it.</summary>
    bool resumable;

    /// <summary>Last words that do not come in this time do not come at all.</summary>
    const double LastWordsWithinMs = 2500;

    sealed record Ending(string Reason, string? End, bool Cancellable, double GraceMs, double ByMs, double SinceMs);

    /// <summary>No new turn is begun here: the stream closes at the next pause, and the call goes on at another bridge.</summary>
    public void Drain(TimeSpan atMost)
    {
        lock (gate)
        {
            draining = true;
            drainByMs = NowMs + atMost.TotalMilliseconds;
        }
    }

    /// <summary>The phone's side is over.</summary>
    /// <param name="callIsOver">Twilio said stop, so nobody goes on with this call.</param>
    public void PhoneGone(bool callIsOver, StreamEnd? why = null)
    {
        lock (gate)
        {
            if (!callIsOver)
            {
                resumable = true;
            }

            ended.TrySetResult(why ?? StreamEnd.HangUp);
        }
    }

    /// <summary>The call has a newer stream.</summary>
    public void Supersede()
    {
        lock (gate)
        {
            resumable = true;
            ended.TrySetResult(StreamEnd.Superseded);
        }
    }

    /// <summary>Nobody thinks for this call any more: what is being said is heard to its end, and then the keys decide.</summary>
    void GoToKeypad()
    {
        if (!HasWords && !playout.IsPlaying)
        {
            EngineFailed();
            return;
        }

        (deaf, lastWordsByEngine, engineFailed) = (true, true, true);
        TurnTaking?.HearNoMore();
        mute.Reset();
        EndAfterWords("engine-failed", null, cancellable: false, graceMs: 0, boundMs: 20_000);
    }

    void EndAfterWords(string reason, string? end, bool cancellable, double graceMs, double boundMs)
    {
        if (ending is null or { Cancellable: true })
        {
            ending = new Ending(reason, end, cancellable, graceMs, NowMs + boundMs, NowMs);
            quietSinceMs = -1;
        }
    }

    void WatchEnding(double now)
    {
        var quiet = !playout.IsPlaying && !agentTurnOpen && !HasWords && !greetingDue && phrasesUnderWay == 0;
        quietSinceMs = quiet ? quietSinceMs < 0 ? now : quietSinceMs : -1;
        if (ending is { } due && (now >= due.ByMs || (quiet && now - quietSinceMs >= due.GraceMs) || LastWordsAreMissing(due, now)))
        {
            resumable = due.End is null;
            ended.TrySetResult(new StreamEnd(due.Reason, due.End));
        }
        else if (now >= maxAtMs && ending is null or { Cancellable: true })
        {
            SayGoodbye("max-duration");
        }
        else if (draining && (now >= drainByMs || !SomethingGoesOn))
        {
            resumable = true;
            ended.TrySetResult(StreamEnd.Drain);
        }
    }

    bool LastWordsAreMissing(Ending due, double now) =>
        (!deaf || due.Reason == "engine-failed") && phrasesUnderWay == 0 && !detector.IsSpeaking && now - Math.Max(due.SinceMs, deadAir.SoundedMs) >= LastWordsWithinMs;

    void WatchSilence(double now)
    {
        if (ending is not null)
        {
            return;
        }

        switch (silence.Tick(now, SomethingGoesOn))
        {
            case SilenceStep.Prompt:
                SayThroughEngine(silence.PromptText);
                break;
            case SilenceStep.GoodBye:
                SayGoodbye("silence");
                break;
        }
    }

    /// <summary>The flow's goodbye in our own voice, after what is being said, and then the end.</summary>
    void SayGoodbye(string reason)
    {
        deaf = true;
        TurnTaking?.StopSpeaking();
        mute.Reset();
        EndAfterWords(reason, reason, cancellable: false, graceMs: 0, boundMs: 30_000);
        SayOurselves(session.Goodbye, common: true, GoodbyeDeadline, audio =>
        {
            if (audio is { } goodbyeAudio)
            {
                PlayOurselves(session.Goodbye, goodbyeAudio);
            }
        });
    }

    /// <summary>A machine listens: stop talking, say the call-back text and nothing else.</summary>
    void LeaveVoicemail()
    {
        if (ending is { Reason: "voicemail" })
        {
            return;
        }

        Interrupt(keepUnheard: false);
        TurnTaking?.StopSpeaking();
        TurnTaking?.HearNoMore();
        deaf = true;
        unsaid.Clear();
        news.Clear();
        unheard = "";
        utteranceStart = -1;
        mute.Reset();
        ending = new Ending("voicemail", "voicemail", false, 0, NowMs + 60_000, NowMs);
        SayOurselves(session.VoicemailText, common: false, VoicemailDeadline, audio =>
        {
            if (audio is { } message)
            {
                PlayOurselves(session.VoicemailText, message);
            }
            else if (engine is not null)
            {
                lastWordsByEngine = true;
                agentTurnOpen = true; // until it has said it, or is given up as forgotten
                lastAgentMs = NowMs + 2000;
                engine.Say(session.VoicemailText);
            }
        });
    }
}
