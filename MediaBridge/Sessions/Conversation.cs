using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// One stream's conversation: who speaks, what was heard, when it ends. Everything that happens to it (a frame of the phone, an event of
/// the engine, a message of AgentWorker, a tick of the clock) takes its one lock, decides without waiting, and leaves through queues:
/// to the phone, to the engine, to Redis.
/// </summary>
sealed partial class Conversation : IDisposable
{
    /// <summary>Longest wait for the greeting once the phone is at the ear; after it there is an earcon instead of nothing.</summary>
    static readonly TimeSpan GreetingDeadline = TimeSpan.FromMilliseconds(1500);

    readonly Lock gate = new();
    readonly CallSession session;
    readonly int stream;
    readonly CallLog calls;
    readonly LocalSpeech local;
    readonly TurnsOptions options;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly long began;

    readonly Playout playout;
    readonly SpeechDetector detector;
    readonly UplinkBatch batch = new();
    readonly CallerTape tape = new();
    readonly SilencePolicy silence;
    readonly MuteWatch mute = new();
    readonly DeadAir deadAir;
    readonly GoodbyePhrases goodbye;
    readonly PendingTools tools;
    readonly List<HistoryEntry> history = [];
    readonly TaskCompletionSource<StreamEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly IPhoneLine line;
    bool firstAudioSent;
    bool disposed;

    /// <param name="past">The conversation before this stream, as heard.</param>
    /// <param name="unheard">What the stream before this one did not finish saying.</param>
    /// <param name="alreadySeconds">How long the call has been talking before this stream.</param>
    /// <param name="spoken">The call's field `spoken`: which piece of an answer comes next.</param>
    public Conversation(
        CallSession session, int stream, IPhoneLine line, CallLog calls, LocalSpeech local, TurnsOptions options, TimeProvider clock, ILogger log,
        IEnumerable<HistoryEntry> past, string unheard, double alreadySeconds, string? spoken = null)
    {
        (this.session, this.stream, this.calls, this.local, this.options, this.clock, this.log) = (session, stream, calls, local, options, clock, log);
        (this.unheard, this.line) = (unheard, line);
        shortestUtteranceMs = options.ShortestUtteranceMs;
        detector = new SpeechDetector(options.Voice);
        began = clock.GetTimestamp();
        times = new TurnTimes(session.Engine);
        tools = new PendingTools(options.ToolTimeoutMs);
        answer = AnswerPieces.Resumed(spoken);
        playout = new Playout(line, clock, OnHeardToTheEnd);
        silence = new SilencePolicy(session.Limits);
        deadAir = new DeadAir(HoldingPhrases.Of(session.Language));
        goodbye = new GoodbyePhrases(session.Limits.GoodbyePhrases);
        history.AddRange(past);
        unanswered = unheard.Length == 0 && history.Count > 0 && history[^1] is HistoryEntry.Said { Speaker: Speaker.Responder, Text: var last } ? last : null;
        GoOnAfterAnotherBridge();
        maxAtMs = session.Limits.MaxSeconds > 0 ? Math.Max(0, (session.Limits.MaxSeconds - alreadySeconds) * 1000) : double.MaxValue;
    }

    /// <summary>Completes when the conversation wants its stream closed.</summary>
    public Task<StreamEnd> Ended => ended.Task;

    /// <summary>Asks for an engine in place of the one there is; set once, before anything happens.</summary>
    public required Action<string> RequestEngine { get; init; }

    /// <summary>The engine has done something useful: earlier failures are forgiven.</summary>
    public required Action EngineProved { get; init; }

    double NowMs => clock.GetElapsedTime(began).TotalMilliseconds;

    bool SomethingGoesOn =>
        playout.IsPlaying || detector.IsSpeaking || tools.Count > 0 || mute.ExpectsAnswer || agentTurnOpen || HasWords || greetingDue || phrasesUnderWay > 0 || engine is null
        || AwaitsReaction(NowMs) || AnswerIsUnfinished || TurnTaking is { Unfinished.Length: > 0 };

    /// <summary>The first words, and the engine while they are spoken.</summary>
    public void Start()
    {
        lock (gate)
        {
            // Also on a later stream, where the one before it broke before the first word.
            if (history.Count == 0 && unheard.Length == 0 && session.Greeting.Length > 0)
            {
                greetingDue = true;
                SayOurselves(session.Greeting, common: false, GreetingDeadline, audio =>
                {
                    (greeting, greetingFetched) = (audio, true);
                    GreetWhenHelloIsOver(NowMs);
                });
            }

            local.Warm(HoldingPhrases.Of(session.Language));
            RequestEngine(EngineSeat.Start);
        }
    }

    /// <summary>About every 50 ms.</summary>
    public void Tick()
    {
        lock (gate)
        {
            if (disposed || ended.Task.IsCompleted)
            {
                return;
            }

            var now = NowMs;
            playout.Tick();
            engine?.Tick();
            GreetWhenHelloIsOver(now);
            CloseForgottenTurn(now);
            SettleFalseAlarm(now);
            AnswerOverdueTools(now);
            WatchForMuteVendor(now);
            GoOnWhenIdle(now);
            AskAgain(now);
            TellNewsAgain();
            WatchForDeadAir(now);
            WatchSilence(now);
            WatchEnding(now);
        }
    }

    public StreamStatus Status(DateTimeOffset since)
    {
        lock (gate)
        {
            return new StreamStatus(
                session.Call.Value, stream, since, engineFailed ? "failed" : engine is null ? "opening" : "open",
                playout.IsAudible, detector.IsSpeaking, tools.Count, history.Count, ending?.Reason);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            ended.TrySetResult(StreamEnd.Error);
            RecordWhatWasHeard();
            if (!resumable && TurnTaking is { Unfinished: { Length: > 0 } words })
            {
                Record(Speaker.Responder, words); // the line broke in the middle of it: it was said all the same
            }

            engine = null;
            foreach (var tool in tools.TakeAll())
            {
                tool.Span?.Dispose();
            }

            batch.Dispose();
            tape.Dispose();
        }
    }

    /// <summary>The stream is over in mid-speech: what was heard so far is a turn, the rest stays in the call's state for the next stream.</summary>
    void RecordWhatWasHeard()
    {
        var (text, heard) = SpeakingPosition();
        if (text.Length == 0)
        {
            calls.Position("", 0);
            return;
        }

        // Twilio says stop also where a call is moved by an update: what was not heard stays for the next stream, and nobody reads it of a call that is over.
        var (spoken, rest) = new SpeakingPosition(text, heard).Split();
        var soFar = resumable ? spoken : text[..Math.Min(heard, text.Length)].TrimEnd();
        if (soFar.Length > 0)
        {
            Record(Speaker.Agent, soFar, interrupted: !resumable && heard < text.Length, playout.Starts is [var first, ..] ? first : null);
        }

        calls.Position(rest, 0);
    }

    void Record(Speaker speaker, string text, bool interrupted = false, DateTimeOffset? startedAt = null)
    {
        if (speaker is not Speaker.Agent || !HoldingPhrases.BeginsOne(text))
        {
            history.Add(new HistoryEntry.Said(speaker, text));
        }

        agentWasInterrupted = speaker == Speaker.Agent && interrupted;
        var ended = clock.GetUtcNow();
        calls.Turn(speaker is Speaker.Agent
            ? new Turn(ended, speaker, text, interrupted) { StartedAt = startedAt, Timings = times.Take() }
            : new Turn(ended - SinceCallerStopped, speaker, text) { StartedAt = ended - SinceCallerStarted, Source = turnSource });
        turnSource = TurnSource.Speech;
    }

    void OnHeardToTheEnd(Segment segment)
    {
        if (segment.Text.Length > 0)
        {
            falseAlarms = 0;
            Record(Speaker.Agent, segment.Text, startedAt: playout.StartOf(segment));
            news.RemoveAll(told => segment.Text.Contains(told, StringComparison.Ordinal));
        }

        SavePosition();
    }

    void SavePosition()
    {
        var (text, heard) = SpeakingPosition();
        calls.Position(text, heard);
    }
}

/// <summary>Why a stream ended.</summary>
/// <param name="Reason">As in <see cref="MediaStopped"/>.</param>
/// <param name="End">For the call's field `end`; null where the call may go on elsewhere.</param>
sealed record StreamEnd(string Reason, string? End)
{
    public static readonly StreamEnd HangUp = new("hangup", null);
    public static readonly StreamEnd Drain = new("drain", null);
    public static readonly StreamEnd EngineFailed = new("engine-failed", null);
    public static readonly StreamEnd Error = new("error", null);

    /// <summary>A message of a size that cannot be Twilio's: whoever sends it is not Twilio, or mad.</summary>
    public static readonly StreamEnd TooLarge = new("message-too-large", null);

    public static readonly StreamEnd Superseded = new("superseded", null);
}
