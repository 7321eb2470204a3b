using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>
/// An ear, our own turn taking, AgentWorker's model and a mouth, as one engine. What the caller says becomes a turn on the bus; the pieces
/// of its answer come back from there and are spoken. Guarded by its conversation's lock.
/// </summary>
sealed partial class CascadeEngine : ITurnTakingEngine, IEarEvents, IMouthEvents
{
    /// <summary>The vendor must have said anything at all by this long after the caller's last sound.</summary>
    const double MuteAfterMs = 1500;

    /// <summary>A sound without words keeps the mouth shut for this long behind its end.</summary>
    const double NoiseAfterMs = 700;

    /// <summary>A sound shorter than this proves nothing against a vendor that ignores it; doubled each time it was the reason for another ear.</summary>
    const int ShortestProofMs = 250;

    readonly CallSession session;
    readonly ITurnEvents events;
    readonly CascadeOptions options;
    readonly ILogger log;
    readonly TurnTaker taker;
    readonly Keypad keypad;
    readonly Ear ear;
    readonly Mouth mouth;

    int turn;
    int eager;
    bool answering;
    bool callerSpeaks;
    bool soundPending;
    bool cleared;
    bool stepping;
    bool hearsNoMore;
    double stoppedAt;
    double silentSince;
    double lastAliveMs;
    double muteAt = -1;
    int shortestProof = ShortestProofMs;
    double endedAt;
    double startedAt;
    double lastSoundOfTurn;
    bool firstTextDue;
    bool firstAudioDue;

    public CascadeEngine(
        CallSession session, IReadOnlyList<IEarMaker> ears, IReadOnlyList<ITextToSpeech> voices, CascadeOptions options, ITurnEvents events, TimeProvider clock, ILogger log)
    {
        (this.session, this.events, this.options, this.log) = (session, events, options, log);
        LowSensitivity = session.Speech?.Sensitivity == "low";
        taker = new TurnTaker(new TurnTakerSettings(
            options.EndSilenceMs, options.OpenClauseSilenceMs, options.DigitsSilenceMs, options.EagerStart, LowSensitivity: LowSensitivity));
        keypad = new Keypad(options.KeypadPauseMs);
        ear = new Ear(ears, new ListenSettings(session.Language, session.Keyterms), options, this, clock, log);
        mouth = new Mouth(voices, options, this, events.Gate, clock, log);
    }

    bool LowSensitivity { get; }

    public bool HasEnded { get; private set; }

    public bool BargesInOnSound => !lineEchoes && !LowSensitivity;

    public int AnswerWithinMs => options.AnswerWithinMs;

    public string Unspoken => eager > 0 ? "" : mouth.Unspoken;

    public string Unfinished => taker.HasWords ? taker.Text : "";

    public bool HasWords => mouth.HasWords;

    /// <summary>Returns when the caller can be heard.</summary>
    public async Task OpenAsync(CancellationToken ct)
    {
        await ear.OpenAsync(ct);
        mouth.Start();
        mouth.Warm();
    }

    public void Hear(ReadOnlySpan<byte> mulaw) => ear.Hear(mulaw);

    /// <summary>The caller's words that nobody has answered, from the engine or the bridge before.</summary>
    public void HearText(string text) => Ask(text, TurnSource.Speech, again: true);

    /// <summary>What a sound had cut off comes before what waits behind it.</summary>
    public void Say(string text) => mouth.Say(text, first: cleared);

    public void GoOn()
    {
        cleared = false;
        soundPending = callerSpeaks;
        SetMouth();
    }

    public void Answer(string toolCallId, string name, string content)
    {
        // Tools are AgentWorker's own here.
    }

    public void Tick()
    {
        ear.Tick();
        var now = events.NowMs;
        if (keypad.Take(now) is { } typed)
        {
            cleared = false;
            Ask(typed, TurnSource.Keypad, again: false);
        }

        if (muteAt >= 0 && now >= muteAt)
        {
            muteAt = -1;
            shortestProof *= 2;
            ear.GiveUpMute();
        }

        Step();
        WatchUnwritten(now);
        if (soundPending && !callerSpeaks && !taker.HasWords && now - stoppedAt >= NoiseAfterMs)
        {
            soundPending = false;
            if (muteAt < 0 && unwrittenSince < 0)
            {
                events.NothingSaid(this);
            }

            SetMouth();
        }
    }

    public void CallerStarted()
    {
        callerSpeaks = true;
        soundPending = true;
        startedAt = events.NowMs;
        (unwrittenSince, written) = (-1, false);
        (underOurVoice, doubted) = (!cleared && BeginsUnderOurVoice(), "");
        muteAt = -1;
        taker.CallerStarted();
        ear.SpeechStarted();
        mouth.Warm();
        SetMouth();
    }

    public void CallerStopped(double silentSinceMs, int voiced)
    {
        (callerSpeaks, voicedMs) = (false, voiced);
        stoppedAt = events.NowMs;
        silentSince = silentSinceMs;
        taker.CallerStopped(silentSinceMs);
        SettleDoubt();
        ear.SpeechEnded();
        // Asked for its words now, a vendor that lives says at least that there were none.
        muteAt = voicedMs >= shortestProof && lastAliveMs < silentSinceMs && !taker.HasWords ? silentSinceMs + MuteAfterMs : -1;
        Owe(stoppedAt);
        Step();
        if (soundPending && answering && startedAt < endedAt && !taker.HasWords)
        {
            // An ear that is certain may end the turn before our detector hears the pause: this sound has become the words that are being answered.
            soundPending = false;
            SetMouth();
        }
    }

    public void Digit(char digit)
    {
        if (keypad.Press(digit, events.NowMs) && events.AgentSpeech.Talking)
        {
            BargeIn();
        }
    }

    public void Speak(string text)
    {
        if (firstTextDue)
        {
            firstTextDue = false;
            CascadeTelemetry.FirstText.Record(eager > 0 ? 0 : Math.Max(0, events.NowMs - endedAt) / 1000);
        }

        mouth.Speak(Spelling.ForTheEar(text, session.Language));
    }

    public void AnswerComplete()
    {
        answering = false;
        mouth.AnswerComplete();
    }

    public void StopSpeaking()
    {
        answering = false;
        cleared = false;
        mouth.Drop();
        SetMouth();
    }

    public void HearNoMore()
    {
        if (eager > 0)
        {
            DropAnswer();
        }

        hearsNoMore = true;
        (callerSpeaks, soundPending, cleared, unwrittenSince) = (false, false, false, -1);
        SetMouth();
    }

    public void Cleared()
    {
        cleared = true;
        mouth.Cut();
        SetMouth();
    }

    public void EarFailed(string reason) => Fail($"no ear: {reason}");

    public void MouthFailed(string reason) => Fail($"no voice: {reason}");

    public void PieceBegins(string text)
    {
        events.AgentStartedSpeaking(this);
        events.AgentSays(this, text);
    }

    public void PieceAudio(ReadOnlySpan<byte> mulaw)
    {
        if (firstAudioDue)
        {
            firstAudioDue = false;
            var now = events.NowMs;
            CascadeTelemetry.FirstAudio.Record(Math.Max(0, now - endedAt) / 1000);
            CascadeTelemetry.MouthToEar.Record(Math.Max(0, now - lastSoundOfTurn) / 1000);
        }

        events.AgentAudio(this, mulaw);
    }

    public void AllSaid() => events.AgentAudioDone(this);

    public async ValueTask DisposeAsync()
    {
        lock (events.Gate)
        {
            HasEnded = true;
        }

        await ear.DisposeAsync();
        await mouth.DisposeAsync();
    }

    void Fail(string reason)
    {
        lock (events.Gate)
        {
            if (!HasEnded)
            {
                HasEnded = true;
                events.Lost(this, reason);
            }
        }
    }
}
