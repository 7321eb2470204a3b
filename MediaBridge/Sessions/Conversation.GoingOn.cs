using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// An engine, or a bridge, that was lost between two sentences or behind a tool had more to say. The one after it is told all that was
/// said and every tool's answer, takes the turn for finished, and would wait for the caller, as the caller waits for it.
/// </summary>
sealed partial class Conversation
{
    /// <summary>Said to the model in the caller's place: there is no other way to give an engine its turn.</summary>
    internal const string GoOnRequest = "(The line was interrupted for a moment. Please go on.)";

    /// <summary>A vendor takes less than this from one sentence of a turn to the next.</summary>
    const double BetweenSentencesMs = 1500;

    /// <summary>Our side was in the middle of a turn that nobody finishes.</summary>
    bool goOn;

    /// <summary>A tool was answered, and the engine of now has not asked for it: its history lacks the answer.</summary>
    bool untold;

    double engineGoneMs;

    /// <summary>After another bridge: its last words, heard to their end. What was answered there may be lost with it.</summary>
    string? question;

    /// <summary>Whoever was about to answer has begun by then.</summary>
    const double AskAgainAfterMs = 1000;

    /// <summary>The bridge before this one may have been lost at any point of a turn.</summary>
    void GoOnAfterAnotherBridge()
    {
        if (history.Count == 0)
        {
            return;
        }

        goOn = unanswered is null && WordsAreLeft();
        if (goOn || unanswered is not null || unheard.Length > 0)
        {
            deadAir.WasSilentBefore();
        }
        else if (history[^1] is HistoryEntry.Said { Speaker: Speaker.Agent } said)
        {
            question = said.Text;
        }
    }

    /// <summary>An answer that the lost bridge heard and could tell nobody leaves both sides waiting for each other.</summary>
    void AskAgain(double now)
    {
        if (question is null || engine is null)
        {
            return;
        }

        if (deaf || ending is not null || draining || detector.IsSpeaking || callerAwaitsReaction || agentTurnOpen || tools.Count > 0 || playout.IsAudible || mute.ExpectsAnswer)
        {
            question = null;
        }
        else if (now >= AskAgainAfterMs)
        {
            ConversationLog.AsksAgain(log);
            engine.Say(question);
            ExpectAnswerIfIdle();
            question = null;
        }
    }

    /// <summary>The engine spoke just now, so it may have had more to say.</summary>
    bool IsBetweenSentences => agentTurnOpen || NowMs - lastAgentMs < BetweenSentencesMs || (playout.IsAudible && !playout.IsOnlyHolding && lastAgentMs >= 0);

    /// <summary>The agent's last words are no question, so it is not clearly the caller's turn.</summary>
    bool WordsAreLeft()
    {
        var last = unheard.Length > 0 ? unheard
            : playout.Pending.LastOrDefault() ?? (history.Count > 0 && history[^1] is HistoryEntry.Said { Speaker: Speaker.Agent } said ? said.Text : null);
        return last is not null && !Playback.Sentences.Asks(last);
    }

    /// <summary>Once nobody speaks or is about to.</summary>
    void GoOnWhenIdle(double now)
    {
        if ((!goOn && !untold) || engine is null || deaf || ending is not null || draining || tools.Count > 0 || agentTurnOpen || greetingDue || mute.ExpectsAnswer
            || detector.IsSpeaking || AwaitsReaction(now) || (playout.IsAudible && !playout.IsOnlyHolding))
        {
            return;
        }

        if (untold)
        {
            // As a tool's answer, in its place in the history: told as words, it would be the caller's.
            engine = null;
            engineGoneMs = now;
            RequestEngine(EngineSeat.ToolAnswered);
            return;
        }

        ConversationLog.GoingOn(log);
        SayAsCaller(GoOnRequest);
    }

    void SayAsCaller(string text)
    {
        goOn = false;
        echo = text;
        engine!.HearText(text);
        mute.TurnTaken(NowMs);
    }
}
