using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Lines;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Calls;

static class CallStatus
{
    public const string Queued = "queued";
    public const string Ringing = "ringing";
    public const string InProgress = "in-progress";
    public const string Completed = "completed";
    public const string Busy = "busy";
    public const string Failed = "failed";
    public const string NoAnswer = "no-answer";
    public const string Canceled = "canceled";

    /// <summary>Exists as the value of a callback only.</summary>
    public const string Initiated = "initiated";

    public static bool IsTerminal(string status) => status is Completed or Busy or Failed or NoAnswer or Canceled;
}

/// <summary>What the creator of a call asked for.</summary>
sealed record CallOptions
{
    public string? StatusCallback { get; init; }

    public string StatusCallbackMethod { get; init; } = "POST";

    public IReadOnlySet<string> StatusCallbackEvents { get; init; } = new HashSet<string> { CallStatus.Completed };

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromHours(4);

    public string? SendDigits { get; init; }

    public MachineDetection? MachineDetection { get; init; }
}

/// <param name="Mode">Enable or DetectMessageEnd.</param>
/// <param name="Callback">With it detection is asynchronous; without it the first TwiML request waits for the verdict.</param>
sealed record MachineDetection(string Mode, bool Async, string? Callback, string CallbackMethod, TimeSpan Timeout);

sealed record CallEntry(DateTimeOffset At, string What, string? Detail = null);

sealed record CallFault(DateTimeOffset At, int Code, string Message);

/// <summary>One call, from its creation on. Thread-safe.</summary>
sealed class Call(string accountSid, string to, string from, string direction, CallOptions options, TimeProvider clock) : IDisposable
{
    readonly Lock gate = new();
    readonly List<CallEntry> history = [];
    readonly List<CallFault> errors = [];
    readonly List<Streams.StreamRecord> streams = [];
    readonly CancellationTokenSource ended = new();
    readonly List<Task> owned = [];
    CancellationTokenSource? running;
    TwimlSource? replacement;
    int callbackSequence;
    bool disposed;

    public string Sid { get; } = Twilio.Sid.New("CA");

    public string AccountSid { get; } = accountSid;

    public string To { get; } = to;

    public string From { get; } = from;

    public string Direction { get; } = direction;

    public bool IsInbound => Direction == "inbound";

    /// <summary>The number of the simulated phone at the other end.</summary>
    public string PhoneNumber => IsInbound ? From : To;

    public string? ParentSid { get; init; }

    public CallOptions Options { get; set; } = options;

    /// <summary>Asked when a document cannot be fetched or read.</summary>
    public (string Url, string Method)? Fallback { get; set; }

    public string Status { get; private set; } = IsInboundDirection(direction) ? CallStatus.Ringing : CallStatus.Queued;

    public DateTimeOffset Created { get; } = clock.GetUtcNow();

    public DateTimeOffset Updated { get; private set; } = clock.GetUtcNow();

    public DateTimeOffset? Started { get; private set; }

    public DateTimeOffset? Ended { get; private set; }

    public string? AnsweredBy { get; set; }

    public TimeSpan QueueTime { get; set; }

    public PhoneRecord Record { get; } = new();

    /// <summary>Set while the call is answered.</summary>
    public Line? Line { get; set; }

    /// <summary>Why it ended, in words, for people.</summary>
    public string? EndReason { get; private set; }

    /// <summary>Cancelled when the call is to end.</summary>
    public CancellationToken EndRequested => ended.Token;

    public bool IsOver => CallStatus.IsTerminal(Status);

    public int? DurationSeconds => Ended is { } end ? Started is { } start ? (int)Math.Round((end - start).TotalSeconds) : 0 : null;

    public int NextCallbackSequence() => Interlocked.Increment(ref callbackSequence) - 1;

    /// <summary>Moves on; false when the call has already ended.</summary>
    public bool MoveTo(string status, string? detail = null)
    {
        lock (gate)
        {
            if (IsOver)
            {
                return false;
            }

            Status = status;
            Updated = clock.GetUtcNow();
            Started = status == CallStatus.InProgress ? Updated : Started;
            Ended = CallStatus.IsTerminal(status) ? Updated : null;
            history.Add(new CallEntry(Updated, status, detail));
            return true;
        }
    }

    public void Note(string what, string? detail = null)
    {
        lock (gate)
        {
            history.Add(new CallEntry(clock.GetUtcNow(), what, detail));
        }
    }

    public void Fault(int code, string message)
    {
        lock (gate)
        {
            errors.Add(new CallFault(clock.GetUtcNow(), code, message));
        }
    }

    public void AddStream(Streams.StreamRecord stream)
    {
        lock (gate)
        {
            streams.Add(stream);
        }
    }

    public (IReadOnlyList<CallEntry> History, IReadOnlyList<CallFault> Errors, IReadOnlyList<Streams.StreamRecord> Streams) Snapshot()
    {
        lock (gate)
        {
            return ([.. history], [.. errors], [.. streams]);
        }
    }

    /// <summary>Work beside the instructions that must have ended before the call has.</summary>
    public void Own(Task task)
    {
        lock (gate)
        {
            owned.Add(task);
        }
    }

    public Task OwnedWork()
    {
        lock (gate)
        {
            return Task.WhenAll(owned);
        }
    }

    /// <summary>Asks for the end; the call's own run carries it out.</summary>
    public void End(string why)
    {
        lock (gate)
        {
            EndReason ??= why;
            if (!disposed)
            {
                // Not Cancel(): its callbacks would run here, and "here" may be the audio thread.
                _ = ended.CancelAsync();
            }
        }
    }

    /// <summary>Whatever TwiML runs now is stopped and <paramref name="source"/> takes its place.</summary>
    public void Replace(TwimlSource source)
    {
        lock (gate)
        {
            replacement = source;
            _ = running?.CancelAsync();
        }
    }

    /// <summary>The document that is about to run can be stopped through <paramref name="stop"/>; returns what should run instead,
    /// when an update has already come.</summary>
    public TwimlSource? NowRunning(CancellationTokenSource? stop)
    {
        lock (gate)
        {
            running = stop;
            var next = replacement;
            replacement = null;
            return next;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            ended.Dispose();
        }
    }

    static bool IsInboundDirection(string direction) => direction == "inbound";
}
