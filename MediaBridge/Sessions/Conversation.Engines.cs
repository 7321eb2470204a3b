using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Engines come and go: what a new one is told, and when the old one is given up.</summary>
sealed partial class Conversation
{
    /// <summary>What the last engine, or the last bridge, did not finish saying.</summary>
    string unheard;

    /// <summary>The caller's last words, until the agent begins to answer them.</summary>
    string? unanswered;

    double unansweredSinceMs;

    /// <summary>Pieces of an answer that came while there was no engine.</summary>
    readonly List<string> heldPieces = [];

    bool replayed;
    double shortestUtteranceMs;

    /// <summary>What a new engine is told of the conversation, and what the caller said last where nobody has answered it.</summary>
    public (IReadOnlyList<HistoryEntry> History, string? Unanswered) Opening()
    {
        lock (gate)
        {
            var told = new List<HistoryEntry>(history);
            untold = false;
            if (unanswered is not null && told.FindLastIndex(entry => entry is HistoryEntry.Said { Speaker: Speaker.Responder }) is >= 0 and var last)
            {
                told.RemoveAt(last); // it is said again instead
            }

            if (greetingDue)
            {
                told.Add(new HistoryEntry.Said(Speaker.Agent, session.Greeting));
            }

            told.AddRange(playout.Pending.Select(text => new HistoryEntry.Said(Speaker.Agent, text)));
            return (told, unanswered);
        }
    }

    /// <summary>A new engine is open. False where it is of no use any more.</summary>
    /// <param name="toldUnanswered">The caller's words that its history lacks, from <see cref="Opening"/>.</param>
    public bool EngineReady(IConversationEngine ready, string? toldUnanswered)
    {
        lock (gate)
        {
            if (disposed || ready.HasEnded)
            {
                return false;
            }

            engine = ready;
            engineSpokeBytes = 0;
            discardAudio = false;
            ownClear = false;
            ConversationLog.EngineReady(log, NowMs);
            var replay = utteranceStart >= 0 && (!replayed || TurnTaking is not null);
            if (replay || detector.IsSpeaking)
            {
                TurnTaking?.CallerStarted(); // before it was there
            }

            if (replay)
            {
                ReplayUtterance();
            }
            else
            {
                HearRecent();
            }

            if (!replay || TurnTaking is not null)
            {
                var utterance = utteranceStart;
                TakeUp(toldUnanswered);
                utteranceStart = utterance; // what is taken up is older
            }

            if (replay && !detector.IsSpeaking)
            {
                TurnTaking?.CallerStopped(callerStoppedMs, callerVoicedMs);
            }

            unheard = "";
            foreach (var text in unsaid)
            {
                engine.Say(text);
                ExpectAnswerIfIdle();
            }

            return true;
        }
    }

    /// <summary>Where the engine before it left off: the caller's words without an answer, or else ours that were not heard.</summary>
    void TakeUp(string? toldUnanswered)
    {
        if (toldUnanswered is not null)
        {
            SayAsCaller(toldUnanswered);
            heldPieces.Clear(); // they come again with the answer to that
        }
        else if (unheard.Length > 0)
        {
            unsaid.RemoveAll(text => unheard.Contains(text, StringComparison.OrdinalIgnoreCase));
            unsaid.Insert(0, unheard);
        }

        unsaid.AddRange(heldPieces);
        heldPieces.Clear();
    }

    /// <summary>No engine can be opened: keypad mode, once what is being said has been heard.</summary>
    public void EngineFailed()
    {
        lock (gate)
        {
            engine = null;
            engineFailed = true;
            mute.Reset();
            if (ending is null)
            {
                EndAfterWords("engine-failed", null, cancellable: false, graceMs: 0, boundMs: 20_000);
            }
        }
    }

    void ReplaceEngine(string reason)
    {
        if (eagerTurn > 0)
        {
            // What was likely is lost with the ear that heard it; the next one hears it again.
            answer.Stop(eagerTurn);
            calls.Publish(new AgentInterrupted(session.Call, stream, eagerTurn));
            eagerTurn = 0;
        }

        goOn |= tools.Count > 0 || mute.ExpectsAnswer || (IsBetweenSentences && WordsAreLeft());
        var rest = $"{playout.CutShort()} {TurnTaking?.Unspoken}".Trim();
        unheard = unheard.Length == 0 ? rest : unheard;
        agentTurnOpen = false;
        discardAudio = false;
        ownClear = false;
        mute.Reset();
        engine = null;
        engineGoneMs = NowMs;
        SavePosition();
        ConversationLog.EngineLost(log, reason);
        if (!deaf)
        {
            RequestEngine(reason);
        }
    }

    /// <summary>The first sound of an utterance that our detector is not sure of yet must not be lost between two listeners.</summary>
    void HearRecent() => Hear(Math.Max(0, tape.Position - (2 * PrerollBytes)));

    void Hear(long from)
    {
        batch.Take(); // it is on the tape
        Span<byte> chunk = stackalloc byte[UplinkBatch.FullBytes];
        while (tape.Read(ref from, chunk) is > 0 and var length)
        {
            engine!.Hear(chunk[..length]);
        }
    }

    void ReplayUtterance()
    {
        replayed = true;
        Hear(utteranceStart);

        if (!detector.IsSpeaking)
        {
            // A noise that no vendor takes for speech must not cost an engine each time.
            shortestUtteranceMs = Math.Min(shortestUtteranceMs * 2, 5000);
        }
    }

    void WatchForMuteVendor(double now)
    {
        // Behind a goodbye nobody owes an answer any more; the ending has a bound of its own.
        if (deaf || ending is not null)
        {
            return;
        }

        if (TurnTaking is { } own)
        {
            WatchForAnswer(now, own);
            return;
        }

        if (engine is not null && mute.IsMute(now, detector.IsSpeaking || (playout.IsAudible && !playout.IsOnlyHolding)))
        {
            BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", session.Engine), BridgeTelemetry.Tag("error.type", "mute"));
            goOn = true; // unless the caller's words are said again
            ReplaceEngine("mute");
        }
    }
}
