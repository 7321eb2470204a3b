using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Lines;

namespace CityMonitor.Simulator.Twilio.Conferences;

/// <summary>How one call takes part, as its TwiML or its creator says.</summary>
sealed record SeatOptions
{
    public string? Label { get; init; }

    public bool Muted { get; init; }

    public bool StartOnEnter { get; init; } = true;

    public bool EndOnExit { get; init; }

    public string? CoachedCallSid { get; init; }
}

/// <summary>Where the events of a conference go; that of the first participant counts.</summary>
sealed record ConferenceCallback(string Url, string Method, IReadOnlySet<string> Events);

/// <summary>One call's place in a conference: what its line is connected to.</summary>
sealed class Seat(Conference conference, Call call, SeatOptions options, DateTimeOffset joined) : ILineSide
{
    // Enough for lines that move a few ms apart; more would be delay.
    const int MostFrames = 4;

    readonly Dictionary<Seat, Queue<byte[]>> inbox = [];
    readonly TaskCompletionSource<string> left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Conference Conference { get; } = conference;

    public Call Call { get; } = call;

    public string? Label { get; } = options.Label;

    public bool StartOnEnter { get; } = options.StartOnEnter;

    public bool EndOnExit { get; set; } = options.EndOnExit;

    public bool Muted { get; set; } = options.Muted;

    public bool Hold { get; set; }

    public string? CoachedCallSid { get; set; } = options.CoachedCallSid;

    public bool Coaching => CoachedCallSid is not null;

    public DateTimeOffset Joined { get; } = joined;

    public DateTimeOffset Updated { get; set; } = joined;

    /// <summary>Completes with the reason when the call is put out of the conference.</summary>
    public Task<string> Left => left.Task;

    public void PutOut(string reason) => left.TrySetResult(reason);

    public void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone) => Conference.Mix(this, fromPhone, toPhone);

    public bool CanHear(Seat other) =>
        other != this && !Hold && other is { Hold: false, Muted: false } && (!other.Coaching || other.CoachedCallSid == Call.Sid);

    public void Deliver(Seat from, ReadOnlySpan<byte> frame)
    {
        if (!inbox.TryGetValue(from, out var frames))
        {
            inbox[from] = frames = new Queue<byte[]>();
        }

        if (frames.Count == MostFrames)
        {
            frames.Dequeue();
        }

        frames.Enqueue(frame.ToArray());
    }

    public void Forget(Seat other) => inbox.Remove(other);

    public void Hear(Span<byte> toPhone)
    {
        Span<int> sum = stackalloc int[PhoneOnCall.FrameBytes];
        sum.Clear();
        var heard = false;
        foreach (var frames in inbox.Values)
        {
            if (frames.TryDequeue(out var frame))
            {
                heard = true;
                for (var i = 0; i < frame.Length; i++)
                {
                    sum[i] += MuLaw.Decode(frame[i]);
                }
            }
        }

        for (var i = 0; heard && i < toPhone.Length; i++)
        {
            toPhone[i] = MuLaw.Encode((short)Math.Clamp(sum[i], short.MinValue, short.MaxValue));
        }
    }
}

/// <summary>Calls that hear each other.</summary>
sealed class Conference(string accountSid, string friendlyName, bool hidden, DateTimeOffset created)
{
    readonly Lock gate = new();
    readonly List<Seat> seats = [];
    int sequence;

    public string Sid { get; } = Twilio.Sid.New("CF");

    public string AccountSid { get; } = accountSid;

    public string FriendlyName { get; } = friendlyName;

    /// <summary>Joins the two sides of a plain <c>&lt;Dial&gt;</c> and is no conference to the outside.</summary>
    public bool Hidden { get; } = hidden;

    public DateTimeOffset Created { get; } = created;

    public DateTimeOffset Updated { get; set; } = created;

    public string Status { get; private set; } = "init";

    public string? ReasonEnded { get; private set; }

    public string? CallSidEnding { get; private set; }

    public ConferenceCallback? Callback { get; set; }

    public bool IsOver => Status == "completed";

    public int NextSequence() => Interlocked.Increment(ref sequence);

    public IReadOnlyList<Seat> Seats
    {
        get
        {
            lock (gate)
            {
                return [.. seats];
            }
        }
    }

    /// <summary>False when the conference ended first.</summary>
    public bool Join(Seat seat, out bool started)
    {
        lock (gate)
        {
            started = false;
            if (IsOver)
            {
                return false;
            }

            seats.Add(seat);
            if (Status == "init" && seats.Count >= 2 && seats.Exists(other => other.StartOnEnter))
            {
                Status = "in-progress";
                started = true;
            }

            return true;
        }
    }

    /// <summary>False when the call had left before. <paramref name="over"/>: why the conference is over by that, or null when it goes on.</summary>
    public bool Leave(Seat seat, out string? over)
    {
        lock (gate)
        {
            over = null;
            if (!seats.Remove(seat))
            {
                return false;
            }

            seats.ForEach(other => other.Forget(seat));
            over = IsOver ? null
                : seat.EndOnExit ? "participant-with-end-conference-on-exit-left"
                : seats.Count == 0 ? "last-participant-left" : null;
            return true;
        }
    }

    public bool End(string reason, string? callSid)
    {
        lock (gate)
        {
            if (IsOver)
            {
                return false;
            }

            (Status, ReasonEnded, CallSidEnding) = ("completed", reason, callSid);
            return true;
        }
    }

    public void Mix(Seat seat, ReadOnlySpan<byte> fromPhone, Span<byte> toPhone)
    {
        lock (gate)
        {
            if (Status != "in-progress")
            {
                return;
            }

            foreach (var other in seats)
            {
                if (other.CanHear(seat))
                {
                    other.Deliver(seat, fromPhone);
                }
            }

            seat.Hear(toPhone);
        }
    }
}
