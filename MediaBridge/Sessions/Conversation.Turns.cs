using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Engines whose turns are taken here: the caller's words go to AgentWorker as turns, the pieces of its answers come back.</summary>
sealed partial class Conversation : ITurnEvents
{
    /// <summary>So much of what was said lately can come back as an echo.</summary>
    const int EchoCharacters = 400;

    readonly AnswerPieces answer;
    int turns;
    bool agentWasInterrupted;
    double answerDueSinceMs = -1;

    /// <summary>The newest turn whose end is not certain yet; 0 for none.</summary>
    int eagerTurn;

    /// <summary>When the caller's words were passed on last.</summary>
    double askedMs;

    /// <summary>When the last piece of the answer of now came.</summary>
    double pieceMs;

    /// <summary>An answer has begun, and AgentWorker has not said that it is whole.</summary>
    bool AnswerIsUnfinished => eagerTurn == 0 && answer.IsUnfinished;

    ITurnTakingEngine? TurnTaking => engine as ITurnTakingEngine;

    /// <summary>Pieces of an answer are on their way to the phone.</summary>
    bool HasWords => TurnTaking is { HasWords: true };

    Lock ITurnEvents.Gate => gate;

    double ITurnEvents.NowMs => NowMs;

    AgentSpeech ITurnEvents.AgentSpeech
    {
        get
        {
            var heard = HeardSinceResponder();
            var pending = string.Join(' ', playout.Pending);
            var recent = pending.Length == 0 ? heard : $"{heard} {pending}";
            return new AgentSpeech(playout.IsPlaying || ownClear, heard, recent[Math.Max(0, recent.Length - EchoCharacters)..], playout.QuietMs);
        }
    }

    int ITurnEvents.AskAgent(ITurnTakingEngine from, string text, bool confirmed, TurnSource source, bool again)
    {
        if (!IsCurrent(from) || deaf)
        {
            return 0;
        }

        if (confirmed)
        {
            playout.SettleNearlyHeard();
        }

        turnSource = source;
        if (!confirmed)
        {
            times.EagerStart();
        }

        var (heard, interrupted) = (HeardSinceResponder(), agentWasInterrupted);
        answer.Begin(stream, ++turns);
        (eagerTurn, askedMs) = (confirmed ? 0 : turns, NowMs);
        if (confirmed)
        {
            ResponderSaid(from, text);
        }

        calls.Publish(new UserTurn(session.Call, stream, turns, CardNumbers.Redact(text, CardNumbers.FewestOfToday), confirmed, heard, interrupted, again, source));
        return turns;
    }

    void ITurnEvents.ConfirmTurn(ITurnTakingEngine from, int turn, string text)
    {
        if (IsCurrent(from) && turn > 0)
        {
            (eagerTurn, askedMs) = (0, NowMs);
            ResponderSaid(from, text);
            calls.Publish(new TurnConfirmed(session.Call, stream, turn));
        }
    }

    void ITurnEvents.DropTurn(ITurnTakingEngine from, int turn)
    {
        if (IsCurrent(from) && turn > 0)
        {
            times.EagerWasWrong();
            eagerTurn = eagerTurn == turn ? 0 : eagerTurn;
            answer.Stop(turn);
            calls.Publish(new AgentInterrupted(session.Call, stream, turn));
        }
    }

    void ITurnEvents.NothingSaid(ITurnTakingEngine from)
    {
        if (!IsCurrent(from))
        {
            return;
        }

        callerAwaitsReaction = false;
        if (ownClear)
        {
            callerStoppedMs = double.MinValue;
            SettleFalseAlarm(NowMs); // or at a tick, once the sound is over
        }
    }

    void ITurnEvents.NotUnderstood(ITurnTakingEngine from)
    {
        if (!IsCurrent(from) || deaf || ending is not null)
        {
            return;
        }

        callerAwaitsReaction = false;
        if (HoldingPhrases.SayAgain(session.Language) is { } phrase)
        {
            SayThroughEngine(phrase);
        }
        else
        {
            PlayOurselves("", Earcon.Audio);
        }
    }

    void ITurnEvents.HearAgain(ITurnTakingEngine from)
    {
        if (!IsCurrent(from) || deaf)
        {
            return;
        }

        if (utteranceStart >= 0)
        {
            Hear(utteranceStart);
        }
        else
        {
            HearRecent();
        }
    }

    void OnSpeak(Speak piece)
    {
        var ready = answer.Take(piece);
        foreach (var text in ready)
        {
            if (TurnTaking is { } speaker)
            {
                speaker.Speak(text);
            }
            else
            {
                heldPieces.Add(text); // an engine is on its way
            }
        }

        if (ready.Count > 0)
        {
            pieceMs = NowMs;
            times.FirstText(NowMs);
            calls.Field(CallFields.Spoken, answer.ToString());
            SavePosition();
            CompleteAnswer();
        }
    }

    void OnFinished(TurnFinished finished)
    {
        answer.Finish(finished);
        CompleteAnswer();
        if (finished.Chunks == 0)
        {
            mute.Answered(); // an answer without words
            unanswered = null;
        }
    }

    void CompleteAnswer()
    {
        if (answer.IsComplete())
        {
            TurnTaking?.AnswerComplete();
        }
    }

    void OnStopSpeaking(StopSpeaking stop)
    {
        if (!answer.Is(stop))
        {
            return;
        }

        answer.Stop(stop.Turn);
        if (TurnTaking is { } speaker)
        {
            Interrupt(keepUnheard: false);
            speaker.StopSpeaking();
        }
    }

    /// <summary>What the phone has heard of the agent since the caller's last turn, cut at the last whole word.</summary>
    string HeardSinceResponder()
    {
        var last = history.FindLastIndex(entry => entry is HistoryEntry.Said { Speaker: Speaker.Responder });
        var heard = history.Skip(last + 1).OfType<HistoryEntry.Said>().Select(said => said.Text).ToList();
        var (text, characters) = playout.Position();
        if (characters > 0)
        {
            heard.Add(text[..Math.Min(characters, text.Length)].TrimEnd());
        }

        return string.Join(' ', heard);
    }

    /// <summary>The phone's position, and behind it what has not come out of the engine yet.</summary>
    (string Text, int Heard) SpeakingPosition()
    {
        var (text, heard) = playout.Position();
        var unspoken = TurnTaking?.Unspoken ?? "";
        return unspoken.Length == 0 ? (text, heard) : (text.Length == 0 ? unspoken : $"{text} {unspoken}", heard);
    }

    /// <summary>AgentWorker may be slow, or be replaced by another one, and then answers all the same: it is waited for longer than a vendor that says nothing.</summary>
    void WatchForAnswer(double now, ITurnTakingEngine own)
    {
        answerDueSinceMs = !mute.ExpectsAnswer ? -1 : answerDueSinceMs < 0 ? now : answerDueSinceMs;
        var limit = own.AnswerWithinMs;
        // A caller who asks whether anybody is there begins a new turn each time; that must not put the end of waiting off for ever.
        if (!detector.IsSpeaking
            && ((answerDueSinceMs >= 0 && now - answerDueSinceMs >= limit)
                || (unanswered is not null && now - unansweredSinceMs >= limit && now - askedMs >= limit / 3)
                || (AnswerIsUnfinished && !HasWords && now - Math.Max(pieceMs, lastAgentMs) >= limit)))
        {
            BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", session.Engine), BridgeTelemetry.Tag("error.type", "no-answer"));
            ConversationLog.EngineLost(log, "no answer");
            EngineFailed();
        }
    }
}
