using CityMonitor.MediaBridge.Speech;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>What the ear hears, and what the steps of the turn taking do.</summary>
sealed partial class CascadeEngine
{
    public void Heard(Transcript transcript)
    {
        lock (events.Gate)
        {
            lastAliveMs = events.NowMs;
            muteAt = -1;
            events.Alive(this);
            Written(transcript);
            taker.Heard(WithoutEcho(transcript), lastAliveMs);
            Step();
        }
    }

    public void EarAlive()
    {
        lock (events.Gate)
        {
            lastAliveMs = events.NowMs;
            if (callerSpeaks || stoppedAt > 0)
            {
                muteAt = -1;
            }

            events.Alive(this);
        }
    }

    public void EarLost()
    {
        lock (events.Gate)
        {
            // The next ear hears the whole utterance again, or nobody does.
            Unwrite();
        }
    }

    public void EarRenewed(Action take)
    {
        lock (events.Gate)
        {
            Unwrite();
            take();
            ear.SpeechStarted(); // what is played to it is an utterance, not what comes before one
            events.HearAgain(this);
            if (!callerSpeaks)
            {
                ear.SpeechEnded();
                HearsTheSoundNow();
            }
        }
    }

    void Step()
    {
        if (stepping || HasEnded || hearsNoMore)
        {
            return;
        }

        stepping = true;
        try
        {
            var now = events.NowMs;
            while (Next(now) is { Kind: not TurnStepKind.None } step)
            {
                Do(step, now);
            }
        }
        finally
        {
            stepping = false;
        }
    }

    TurnStep Next(double now)
    {
        if (taker.HasWords)
        {
            var speech = events.AgentSpeech;
            taker.AgentTalks(speech.Talking || cleared, Words.EndsInQuestion(speech.Heard));
        }

        return taker.Next(now);
    }

    void Do(TurnStep step, double now)
    {
        switch (step.Kind)
        {
            case TurnStepKind.BargeIn:
                CascadeTelemetry.Interruptions.Add(1, BridgeTelemetry.Tag("kind", "words"));
                BargeIn();
                break;
            case TurnStepKind.Backchannel:
                CascadeTelemetry.Interruptions.Add(1, BridgeTelemetry.Tag("kind", "backchannel"));
                soundPending = callerSpeaks;
                events.NothingSaid(this);
                SetMouth();
                break;
            case TurnStepKind.Likely:
                DropAnswer();
                eager = events.AskAgent(this, step.Text, confirmed: false, TurnSource.Speech, again: false);
                (firstTextDue, firstAudioDue) = (true, true);
                SetMouth();
                mouth.Warm();
                break;
            case TurnStepKind.WentOn:
                CascadeTelemetry.EagerStarts.Add(1, BridgeTelemetry.Tag("result", "wrong"));
                events.DropTurn(this, eager);
                eager = 0;
                mouth.Drop();
                SetMouth();
                break;
            case TurnStepKind.Ended:
                End(step.Text, now);
                break;
        }
    }

    void End(string text, double now)
    {
        endedAt = now;
        lastSoundOfTurn = silentSince > 0 ? silentSince : now;
        CascadeTelemetry.EndOfTurn.Record(Math.Max(0, now - lastSoundOfTurn) / 1000);
        shortestProof = ShortestProofMs;
        soundPending = callerSpeaks;
        cleared = false;
        if (eager > 0)
        {
            CascadeTelemetry.EagerStarts.Add(1, BridgeTelemetry.Tag("result", "right"));
            events.ConfirmTurn(this, eager, text);
            (turn, eager, answering) = (eager, 0, true);
        }
        else
        {
            Ask(text, TurnSource.Speech, again: false);
        }

        SetMouth();
    }

    void Ask(string text, TurnSource source, bool again)
    {
        DropAnswer();
        unwrittenSince = -1;
        turn = events.AskAgent(this, text, confirmed: true, source, again);
        (answering, firstTextDue, firstAudioDue) = (turn > 0, true, true);
    }

    /// <summary>The newer turn cancels what AgentWorker still does for an older one; here its words go.</summary>
    void DropAnswer()
    {
        if (eager > 0)
        {
            events.DropTurn(this, eager);
            eager = 0;
        }

        answering = false;
        mouth.Drop();
    }

    void BargeIn()
    {
        events.ResponderStartedSpeaking(this); // clears the phone
        cleared = false;
        if (answering)
        {
            answering = false;
            events.DropTurn(this, turn);
        }

        mouth.Drop();
        SetMouth();
    }

    /// <summary>Nothing is uttered before the turn is certain, nor into a sound that may become words.</summary>
    void SetMouth() => mouth.Closed = eager > 0 || cleared || (soundPending && !(underOurVoice && (lineEchoes || events.AgentSpeech.Talking)));
}
