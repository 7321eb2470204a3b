using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>What the engine says. Events of an engine that was replaced are not heard.</summary>
sealed partial class Conversation : IEngineEvents
{
    /// <summary>A quarter of a second of speech. An engine that hears and has not said so much before it is lost was of no use.</summary>
    const int ProvedBytes = 2000;

    long engineSpokeBytes;

    // A turn whose end the vendor never announced ends when the phone has been silent for this long.
    const double ForgottenTurnMs = 1500;

    IConversationEngine? engine;
    bool engineFailed;
    bool agentTurnOpen;
    double lastAgentMs = double.MinValue;

    /// <summary>Texts that were given to the engine and that it has not begun to say.</summary>
    readonly List<string> unsaid = [];

    /// <summary>The caller's words that we repeated to a new engine; it echoes them.</summary>
    string? echo;

    public void Alive(IConversationEngine from)
    {
        lock (gate)
        {
            if (IsCurrent(from))
            {
                mute.VendorAlive();
            }
        }
    }

    public void ResponderStartedSpeaking(IConversationEngine from)
    {
        var noticed = clock.GetTimestamp();
        lock (gate)
        {
            if (!IsCurrent(from) || deaf)
            {
                return;
            }

            mute.VendorAlive();
            silence.CallerSpoke();
            if (!ownClear || playout.IsPlaying)
            {
                Interrupt(keepUnheard: false);
                BridgeTelemetry.BargeIn.Record(clock.GetElapsedTime(noticed).TotalSeconds, BridgeTelemetry.Tag("source", "vendor"));
            }

            VendorAgreesOnBargeIn();
        }
    }

    public void ResponderSaid(IConversationEngine from, string text)
    {
        lock (gate)
        {
            if (!IsCurrent(from) || deaf)
            {
                return;
            }

            if (echo == text)
            {
                echo = null;
            }
            else
            {
                playout.SettleNearlyHeard();
                times.Transcript(NowMs, detector.IsSpeaking ? 0 : detector.SilenceMs);
                Record(Speaker.Responder, text);
                unansweredSinceMs = unanswered is null ? NowMs : unansweredSinceMs;
                unanswered = text;
                if (TurnTaking is not null)
                {
                    unsaid.RemoveAll(said => !news.Contains(said)); // dropped for these words
                }

                goOn = false;
                tools.NewTurn();
            }

            VendorAgreesOnBargeIn();
            falseAlarms = 0;
            callerAwaitsReaction = false;
            utteranceStart = detector.IsSpeaking ? Math.Max(0, tape.Position - (2 * PrerollBytes)) : -1;
            shortestUtteranceMs = options.ShortestUtteranceMs;
            silence.CallerSpoke();
            mute.TurnTaken(NowMs);
        }
    }

    public void AgentStartedSpeaking(IConversationEngine from)
    {
        lock (gate)
        {
            if (IsCurrent(from))
            {
                mute.VendorAlive();
                discardAudio = false;
            }
        }
    }

    public void AgentSays(IConversationEngine from, string text)
    {
        lock (gate)
        {
            if (!IsCurrent(from) || (deaf && !lastWordsByEngine))
            {
                return;
            }

            mute.VendorAlive();
            if (discardAudio)
            {
                heldBack = heldBack.Length == 0 ? text : $"{heldBack} {text}";
                return;
            }

            if (unsaid.RemoveAll(said => said.Contains(text, StringComparison.OrdinalIgnoreCase) || text.Contains(said, StringComparison.OrdinalIgnoreCase)) == 0)
            {
                goOn = false; // it goes on by itself
            }

            if (!detector.IsSpeaking && TurnTaking is not { OwesWords: true })
            {
                utteranceStart = -1; // answered, or not worth one
            }

            unanswered = null;
            agentTurnOpen = true;
            lastAgentMs = NowMs;
            times.FirstText(lastAgentMs);
            if (playout.LastAwaitsText || (playout.HasOpenSegment && !playout.OpenSegmentHasAudio))
            {
                playout.AddText(text);
            }
            else
            {
                playout.Begin(text);
            }

            if (goodbye.IsIn(text))
            {
                EndAfterWords("finished", "finished", cancellable: true, graceMs: 0, boundMs: 20_000);
            }

            SavePosition();
        }
    }

    public void AgentAudio(IConversationEngine from, ReadOnlySpan<byte> mulaw)
    {
        lock (gate)
        {
            if (!IsCurrent(from) || discardAudio || (deaf && !lastWordsByEngine))
            {
                return;
            }

            mute.VendorAlive();
            mute.Answered();
            engineSpokeBytes += mulaw.Length;
            if (engineSpokeBytes >= ProvedBytes)
            {
                EngineProved();
            }

            callerAwaitsReaction = false;
            agentTurnOpen = true;
            lastAgentMs = NowMs;
            if (!playout.HasOpenSegment)
            {
                playout.BeginUntitled();
            }

            Play(mulaw);
        }
    }

    public void AgentAudioDone(IConversationEngine from)
    {
        lock (gate)
        {
            if (!IsCurrent(from))
            {
                return;
            }

            discardAudio = false;
            CloseTurn();
        }
    }

    public void Lost(IConversationEngine from, string reason)
    {
        lock (gate)
        {
            if (IsCurrent(from))
            {
                ReplaceEngine(reason);
            }
        }
    }

    bool IsCurrent(IConversationEngine from) => ReferenceEquals(engine, from) && !disposed;

    void Play(ReadOnlySpan<byte> mulaw)
    {
        if (!firstAudioSent)
        {
            firstAudioSent = true;
            BridgeTelemetry.FirstAudio.Record(clock.GetElapsedTime(began).TotalSeconds);
        }

        if (times.FirstAudio(NowMs))
        {
            line.WhenNextLeaves(FirstFrameLeft);
        }

        playout.Append(mulaw);
    }

    void CloseTurn()
    {
        playout.Complete();
        agentTurnOpen = false;
        lastAgentMs = NowMs;
    }

    /// <summary>The end of the agent's turn is not always announced, least of all after an interruption; and a vendor may fall silent in it.</summary>
    void CloseForgottenTurn(double now)
    {
        // Pieces that a voice is still to speak are not forgotten: whoever has them says when none can.
        if (!agentTurnOpen || HasWords || playout.IsAudible || mute.ExpectsAnswer || now - lastAgentMs <= ForgottenTurnMs)
        {
            return;
        }

        if (playout.OpenSegmentLacksWords && engine is not null && !deaf)
        {
            ReplaceEngine("stalled");
            return;
        }

        goOn |= playout.HasOpenSegment && WordsAreLeft();
        CloseTurn();
    }
}
