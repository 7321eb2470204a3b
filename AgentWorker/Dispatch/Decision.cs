using CityMonitor.AgentWorker.Flows;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>
/// One message on its way through an incident: the state as it is, and the effects that were decided so far. No clock, no Redis,
/// no network: what a decision needs was read before and stands in <see cref="Facts"/>.
/// </summary>
sealed class Decision(IncidentState state, DateTimeOffset now, DispatchOptions options, Flow flow, Facts facts) : MessageDecision(now, flow)
{
    const int MostCauses = 8;

    readonly Dictionary<string, (TimerDue Timer, TimeSpan Delay)> _timers = [];
    readonly HashSet<string> _cancelled = [];

    public IncidentState State { get; set; } = state;

    /// <summary>As it was before this message.</summary>
    public IncidentState Before { get; } = state;

    public DispatchOptions Options => options;
    public Facts Facts => facts;

    public IReadOnlyCollection<(TimerDue Timer, TimeSpan Delay)> Timers => _timers.Values;
    public IReadOnlyCollection<string> Cancelled => _cancelled;

    /// <summary>Sessions of calls to place, written before PlaceCall.</summary>
    public List<CallSession> Sessions { get; } = [];

    public LiveCall? Live
    {
        get => State.Live;
        set => State = State with { Live = value };
    }

    public override IReadOnlyList<string> OfferedTools => Live is { } live && Flow.Stage(live.Stage) is { } stage ? stage.Tools : [.. Flow.Tools];

    public void Audit(string kind, string text, CallId? call = null) =>
        Publish(new AuditEntry("AgentWorker", kind, State.Id.Value, call, text));

    public void Arm(string name, TimeSpan delay, CallId? call = null)
    {
        delay = delay < TimeSpan.Zero ? TimeSpan.Zero : delay;
        _cancelled.Remove(name);
        _timers[name] = (new TimerDue(State.Id.Value, name, call), delay);
        State = State with { Timers = [.. State.Timers.Where(t => t.Name != name), new ArmedTimer(name, Now + delay, call)] };
    }

    public void Disarm(string name)
    {
        if (State.Timers.Any(t => t.Name == name))
        {
            _timers.Remove(name);
            _cancelled.Add(name);
            State = State with { Timers = [.. State.Timers.Where(t => t.Name != name)] };
        }
    }

    public void DisarmAll()
    {
        foreach (var timer in State.Timers)
        {
            Disarm(timer.Name);
        }
    }

    public void Note(string text)
    {
        Publish(new AddTicketNote($"{State.Id}.note.{State.NextWrite}", State.Id, State.Ticket.TicketId, text));
        State = State with { NextWrite = State.NextWrite + 1 };
    }

    public void TicketInProgress() => SetTicket(TicketStatus.Pending);

    /// <summary>Renews the ticket's mark of the yes and leaves its status alone.</summary>
    public void MarkAccepted() => SetTicket(null);

    /// <summary>Nobody is on it any more: it shows among the open ones again, and is found again should Redis lose everything.</summary>
    public void TicketOpenAgain() => SetTicket(TicketStatus.Open);

    void SetTicket(TicketStatus? status)
    {
        // The call's number while it goes on: a wiped Redis then has it taken up again where it is.
        var during = State.Live is { Settled: false } ? State.Attempts.Count : (int?)null;
        var informed = State.Informed || State.Evidence.Any(e => e.Purpose is MessagePurpose.Evidence);
        var acceptance = status is TicketStatus.Open ? null : new TicketAcceptance(State.Responder?.EtaAt, State.ArrivedAt is not null, during, informed);
        Publish(new UpdateTicket($"{State.Id}.status.{State.NextWrite}", State.Id, State.Ticket.TicketId, status, Acceptance: acceptance));
        State = State with { NextWrite = State.NextWrite + 1 };
    }

    /// <summary>Adds a cause; what the operator was told before stays.</summary>
    /// <param name="passing">Names a cause that may pass by itself; it stands behind those that do not.</param>
    public void Flag(string reason, string remedy, string? passing = null)
    {
        var causes = State.Flag?.Causes ?? [];
        if (causes.Any(c => c.Reason == reason))
        {
            return;
        }

        // Bounded: the first cause and the newest stay, and the audit has every one.
        var kept = causes.Count < MostCauses ? causes : [causes[0], .. causes.Skip(2)];
        SetFlag(State.Flag?.At ?? Now, [.. kept, new FlagCause(reason, remedy, passing)]);
        Audit("incident.flagged", $"{reason} {remedy}");
    }

    public void Unflag() => Unflag(_ => true);

    /// <summary>Takes one passing cause back and leaves those of others.</summary>
    public void Unflag(string passing) => Unflag(c => c.Passing == passing);

    public void UnflagAllBut(string passing) => Unflag(c => c.Passing != passing);

    void Unflag(Func<FlagCause, bool> isOver)
    {
        if (State.Flag is not { } flag || !flag.Causes.Any(isOver))
        {
            return;
        }

        SetFlag(flag.At, [.. flag.Causes.Where(c => !isOver(c))]);
        Audit("incident.unflagged", State.Flag is { } left
            ? $"A part of what the operator was asked to do is not needed any more; left is: {left.Reason}"
            : "What the operator was asked to do is not needed any more.");
    }

    void SetFlag(DateTimeOffset at, IEnumerable<FlagCause> causes)
    {
        List<FlagCause> ordered = [.. causes.OrderBy(c => c.Passing is not null)];
        State = State with
        {
            Flag = ordered.Count == 0 ? null : new OperatorFlag(at, string.Join(' ', ordered.Select(c => c.Reason)), string.Join(' ', ordered.Select(c => c.Remedy).Distinct())) { Causes = ordered },
        };
    }

    public void Become(IncidentStatus status, string text)
    {
        State = State with { Status = status };
        Audit($"incident.{status.ToString().ToLowerInvariant()}", text);
    }

    public void ChangeAttempt(CallId call, Func<CallAttempt, CallAttempt> change) =>
        State = State with { Attempts = [.. State.Attempts.Select(a => a.Call == call ? change(a) : a)] };
}

/// <summary>What a decision may need that is not in the incident's state; read by <see cref="FactReader"/> before it.</summary>
sealed record Facts
{
    public static readonly Facts None = new();

    /// <summary>The turns of the incident's calls as they were spoken and heard, oldest first.</summary>
    public IReadOnlyList<Turn> Transcript { get; init; } = [];

    /// <summary>The turns of the live call so far, oldest first; read where a tool needs to know what was said.</summary>
    public IReadOnlyList<Turn> Heard { get; init; } = [];

    /// <summary>TelephonyApi's word on the call (field dial): queued, dialling, placed, ended; null where it knows nothing.</summary>
    public string? Dial { get; init; }

    /// <summary>The responder wrote to us within WhatsApp's 24 hours.</summary>
    public bool WindowOpen { get; init; }

    /// <summary>Those of the state's timers that Redis really holds; null where nobody looked.</summary>
    public IReadOnlyList<string>? TimersSet { get; init; }

    /// <summary>Another incident of the same event.</summary>
    public IncidentState? Primary { get; init; }

    /// <summary>What the model read from the ticket; null where it was not asked.</summary>
    public IncidentFields? Extracted { get; init; }

    /// <summary>The model was asked, with or without success.</summary>
    public bool ExtractionTried { get; init; }
}

/// <summary>Names of an incident's timers.</summary>
static class TimerNames
{
    public const string NextAttempt = "next-attempt";
    public const string CallOverdue = "call-overdue";
    public const string Outcome = "outcome";
    public const string Verdict = "verdict";
    public const string Voicemail = "voicemail";
    public const string Eta = "eta";
    public const string EtaReply = "eta-reply";
    public const string Duplicate = "duplicate";
    public const string OpenTicket = "open-ticket";
    public const string Messages = "messages";
}

/// <summary>Names of what an operator is told and that may pass by itself.</summary>
static class PassingCauses
{
    public const string NotDialled = "not-dialled";
    public const string MessagesWait = "messages-wait";
}
