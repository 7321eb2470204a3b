using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>What the phone does: audio, marks, keys, and the barge-in that follows from audio.</summary>
sealed partial class Conversation
{
    /// <summary>A soft first letter is below the detector's threshold.</summary>
    const int PrerollBytes = 200 * MuLaw.BytesPerMillisecond;

    /// <summary>Where on the tape the utterance begins that the vendor has not understood yet; -1 where there is none.</summary>
    long utteranceStart = -1;

    double callerStoppedMs;
    int callerVoicedMs;

    /// <summary>We cleared the phone on our own detector and wait for the vendor to agree.</summary>
    bool ownClear;

    /// <summary>What our own barge-in cut off.</summary>
    string heldBack = "";

    /// <summary>A sound that begins so soon behind our own may be that, carried back by the line: an engine that takes turns by words waits for them.</summary>
    const double EchoWithinMs = 1200;

    /// <summary>So often a sound without words may cut off the same sentence; then it is said to its end.</summary>
    const int MostFalseAlarms = 2;

    /// <summary>One behind the other, without a sentence heard to its end between them.</summary>
    int falseAlarms;

    bool MayBeEcho => playout.AudibleMs < EchoWithinMs;

    /// <summary>What still comes of the turn that we cut off is not played.</summary>
    bool discardAudio;

    /// <summary>One frame of the caller. The hot path: no allocation here or below.</summary>
    public void CallerAudio(ReadOnlySpan<byte> mulaw)
    {
        lock (gate)
        {
            if (disposed || mulaw.IsEmpty)
            {
                return;
            }

            tape.Add(mulaw, utteranceStart);
            var heard = detector.Feed(mulaw);
            if (greetingDue)
            {
                GreetWhenHelloIsOver(NowMs);
                return;
            }

            var stopped = (heard & Heard.SpeechEnded) != 0 && !helloRuns;
            if ((heard & Heard.SpeechStarted) != 0 || (helloRuns && detector.SilenceMs == 0))
            {
                OnCallerStarted(mayInterrupt: !helloRuns);
                helloRuns = false;
            }
            else if (stopped)
            {
                OnCallerStopped();
            }

            helloRuns &= detector.IsSpeaking;

            if (engine is { } listening && !deaf)
            {
                var message = batch.Add(mulaw, (heard & Heard.Pause) != 0, out var rest);
                if (!message.IsEmpty)
                {
                    listening.Hear(message);
                }

                if (!rest.IsEmpty)
                {
                    listening.Hear(rest);
                }

                // Behind the audio: whoever is told that the caller has stopped has all of it.
                if (stopped)
                {
                    TurnTaking?.CallerStopped(callerStoppedMs, callerVoicedMs);
                }
            }
        }
    }

    /// <returns>Whether the mark was one of ours.</returns>
    public bool Mark(int generation, int number)
    {
        lock (gate)
        {
            if (disposed || !playout.OnMark(generation, number))
            {
                return false;
            }

            SavePosition();
            return true;
        }
    }

    public void Digit(char digit)
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            silence.CallerSpoke();
            calls.Publish(new KeypadPressed(session.Call, digit.ToString()));
            if (!deaf)
            {
                TurnTaking?.Digit(digit);
            }
        }
    }

    /// <param name="mayInterrupt">False for whoever speaks already when our first word begins.</param>
    void OnCallerStarted(bool mayInterrupt)
    {
        if (TurnTaking is null || !playout.IsAudible)
        {
            silence.CallerSpoke(); // else its words tell: our own prompts, carried back by the line, are no sign of life
        }

        mute.CallerStarted();
        replayed = false;
        if (utteranceStart < 0)
        {
            callerStartedMs = NowMs - ((double)detector.SinceOnset / MuLaw.BytesPerMillisecond);
            utteranceStart = Math.Max(0, tape.Position - detector.SinceOnset - PrerollBytes);
        }

        if (mayInterrupt && options.OwnBargeIn && !deaf && playout.IsAudible && falseAlarms < MostFalseAlarms && (TurnTaking is null || (TurnTaking.BargesInOnSound && !MayBeEcho)))
        {
            var noticed = clock.GetTimestamp();
            ownClear = true;
            discardAudio = agentTurnOpen;
            Interrupt(keepUnheard: true);
            BridgeTelemetry.BargeIn.Record(clock.GetElapsedTime(noticed).TotalSeconds, BridgeTelemetry.Tag("source", "detector"));
        }

        if (!deaf)
        {
            TurnTaking?.CallerStarted();
        }
    }

    void OnCallerStopped()
    {
        (callerStoppedMs, callerVoicedMs) = (NowMs - detector.SilenceMs, detector.VoicedMs);
        times.EndOfSpeech(callerStoppedMs, NowMs);
        if (detector.VoicedMs >= shortestUtteranceMs && !deaf)
        {
            callerAwaitsReaction = true;
            if (engine is not (null or ITurnTakingEngine)) // such an engine watches its ear itself
            {
                mute.CallerStopped(callerStoppedMs);
            }
        }
    }

    /// <summary>Stops the phone at once and notes what of the agent's words was heard.</summary>
    void Interrupt(bool keepUnheard)
    {
        heldBack = "";
        var starts = playout.Starts;
        foreach (var (i, spoken) in playout.Interrupt().Index())
        {
            if (spoken.Text.Length > 0)
            {
                Record(Speaker.Agent, spoken.Text, spoken.Interrupted, starts[i]);
            }

            if (spoken.Interrupted)
            {
                times.Interrupted(NowMs);
            }

            if (keepUnheard && spoken.Unheard.Length > 0)
            {
                heldBack = heldBack.Length == 0 ? spoken.Unheard : $"{heldBack} {spoken.Unheard}";
            }
        }

        agentTurnOpen = false;
        TurnTaking?.Cleared();
        if (ending is { Cancellable: true })
        {
            ending = null; // "goodbye" - "wait, one more thing"
        }

        calls.Position("", 0);
    }

    /// <summary>Our own barge-in, and the vendor heard nothing: a cough. What it cut off is said again.</summary>
    void SettleFalseAlarm(double now)
    {
        if (!ownClear || detector.IsSpeaking || now - callerStoppedMs < options.FalseAlarmAfterMs || engine is null)
        {
            return;
        }

        ownClear = false;
        discardAudio = false;
        callerAwaitsReaction = false;
        utteranceStart = -1;
        mute.Reset();
        var text = heldBack;
        heldBack = "";
        if (text.Length > 0)
        {
            falseAlarms++;
            ConversationLog.FalseAlarm(log);
            SayThroughEngine(text);
        }

        TurnTaking?.GoOn();
    }

    void VendorAgreesOnBargeIn()
    {
        ownClear = false;
        discardAudio = false;
        heldBack = "";
    }
}
