using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.State;

/// <summary>What has become of an incident. Every one but Withdrawn keeps the ticket open.</summary>
public enum IncidentStatus { Reported, Calling, Acknowledged, Declined, Unreachable, InvalidContact, Failed, Withdrawn }

public enum CallOutcome { Acknowledged, Declined, NoAnswer, Busy, Voicemail, InvalidContact, HungUp, Cancelled, Failed, Unknown, CallBack }

/// <summary>What picked up, by the first words that came from there.</summary>
public enum CalleeKind { Person, Machine, Screening, Menu }

/// <summary>An incident's whole state: JSON in cm:incident:{id}; AgentWorker alone writes it.</summary>
/// <param name="Fields">The ticket's, completed by the model where the parser missed something.</param>
/// <param name="Attempts">Every call that was ever asked for, oldest first.</param>
/// <param name="Flag">Set when a person has to act; says why and what to do.</param>
/// <param name="NextMessage">Number of the next text message's id.</param>
/// <param name="NextWrite">Number of the next ticket write's id.</param>
public sealed record IncidentState(
    IncidentId Id,
    TicketSnapshot Ticket,
    IncidentFields Fields,
    IncidentStatus Status,
    DateTimeOffset OpenedAt,
    IReadOnlyList<CallAttempt> Attempts,
    ResponderRecord? Responder,
    IReadOnlyList<EvidenceMessage> Evidence,
    OperatorFlag? Flag,
    int NextMessage = 1,
    int NextWrite = 1)
{
    /// <summary>Attempts before this one do not count any more: the phone number was corrected, or the ticket reopened.</summary>
    public int RoundStart { get; init; }

    /// <summary>The incident whose call speaks for this one too: the same event, filed twice.</summary>
    public IncidentId? DuplicateOf { get; init; }

    /// <summary>The ticket version that the model was asked about; it is asked once per version.</summary>
    public string? ExtractedVersion { get; init; }

    /// <summary>The ticket version whose note about missing fields was written; one per version.</summary>
    public string? NotedVersion { get; init; }

    /// <summary>The last call: what is known of it while it runs, and which of its tool calls were done.</summary>
    public LiveCall? Live { get; init; }

    /// <summary>Timers that are set, as the sweep checks them. Empty, not null, where an older version wrote the state.</summary>
    public IReadOnlyList<ArmedTimer> Timers { get => field ?? []; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>The details had been sent before Redis forgot this incident.</summary>
    public bool Informed { get; init; }

    public DateTimeOffset? ArrivedAt { get; init; }

    public string? WithdrawnReason { get; init; }

    /// <summary>Replies that were written to the ticket.</summary>
    public int Replies { get; init; }

    /// <summary>Twilio's ids of the last messages that the responder wrote: a second delivery has no second effect.</summary>
    public IReadOnlyList<string> Received { get => field ?? []; init; }

    /// <summary>The traceparent with which it was first reported; each call's trace is linked to it. Null where nobody traces.</summary>
    public string? Trace { get; init; }
}

/// <param name="EndedAt">Null while the call is queued or live.</param>
public sealed record CallAttempt(
    CallId Call,
    PhoneNumber To,
    DateTimeOffset At,
    DateTimeOffset? AnsweredAt = null,
    DateTimeOffset? EndedAt = null,
    CallOutcome? Outcome = null,
    string? Detail = null)
{
    /// <summary>The responder called us: Twilio's CallSid. Null for a call of ours.</summary>
    public string? InboundSid { get; init; }

    /// <summary>It ended with its bridge, without a yes or no: it was redialled at once and does not count.</summary>
    public bool LineLost { get; init; }
}

/// <param name="Stage">The flow's stage: decides which tools may run.</param>
/// <param name="Stream">Number of the newest stream; 0 before the first.</param>
/// <param name="StoppedStream">Number of the stream that stopped last.</param>
/// <param name="End">Twilio's last word, once it has come.</param>
/// <param name="Settled">The outcome is derived; what comes later is late news.</param>
public sealed record LiveCall(CallId Call, string Stage)
{
    public int Stream { get; init; }
    public int StoppedStream { get; init; }
    public string? StopReason { get; init; }

    /// <summary>When StoppedStream stopped, as far as it was reported.</summary>
    public DateTimeOffset? StoppedAt { get; init; }
    public DateTimeOffset? AnsweredAt { get; init; }
    public AnsweredByKind? AnsweredBy { get; init; }
    public bool VoicemailLeft { get; init; }

    /// <summary>By its words; null while they have told nothing.</summary>
    public CalleeKind? Callee { get; init; }

    /// <summary>What a machine was told: the operator's key, or who is calling.</summary>
    public int ToldMachine { get; init; }
    public EndedCall? End { get; init; }
    public bool Settled { get; init; }

    /// <summary>PlaceCall was published a second time because nothing was heard of the first.</summary>
    public bool PlacedAgain { get; init; }

    /// <summary>The responder asked to be called back, after this many minutes.</summary>
    public int? CallBackMinutes { get; init; }

    /// <summary>How often the responder had spoken when the incident was told, when a clear yes was asked for once more, and when a number was recorded.</summary>
    public int? TurnsWhenTold { get; init; }
    public int? TurnsWhenAskedAgain { get; init; }
    public int? TurnsWhenNumbered { get; init; }

    /// <summary>A tool call that waits for the machine detection's verdict.</summary>
    public PendingTool? Pending { get; init; }

    /// <summary>Tool calls that were answered or cancelled: a second delivery gets the same result and has no second effect.</summary>
    public IReadOnlyList<ToolRun> Tools { get => field ?? []; init; }
}

public sealed record EndedCall(CallEnd End, int? ErrorCode, string? Detail, int? DurationSeconds, DateTimeOffset At);

/// <param name="AskedAt">When it was asked for; null where an older version wrote the state.</param>
public sealed record PendingTool(int Stream, string ToolCallId, string Name, string Arguments, DateTimeOffset? AskedAt = null);

/// <param name="Result">Null where the call was cancelled before it ran.</param>
/// <param name="Before">The responder's record before a tool that changed it, so that a cancelled yes can be taken back.</param>
public sealed record ToolRun(string ToolCallId, string Name, string? Result, ResponderRecord? Before = null);

/// <summary>A timer that has been set and has not come back yet.</summary>
public sealed record ArmedTimer(string Name, DateTimeOffset DueAt, CallId? Call = null);

/// <summary>What the responder told us.</summary>
/// <param name="WhatsApp">The number as dictated; evidence goes there only once <paramref name="WhatsAppConfirmed"/> is set.</param>
/// <param name="EtaAt">When they expect to be there: the time of the answer plus EtaMinutes.</param>
public sealed record ResponderRecord(
    string? Name,
    string? Agency,
    PhoneNumber? WhatsApp,
    int? EtaMinutes,
    DateTimeOffset? AcceptedAt,
    DateTimeOffset? DeclinedAt,
    string? DeclineReason,
    bool WhatsAppConfirmed = false,
    bool WrongNumber = false,
    DateTimeOffset? EtaAt = null)
{
    public static readonly ResponderRecord Empty = new(null, null, null, null, null, null, null);
}

public enum MessagePurpose { Evidence, CheckIn, Update }

/// <param name="MediaCount">Media sent with this message.</param>
/// <param name="WaitingMedia">Media that wait until the responder writes back and so opens WhatsApp's 24-hour window.</param>
/// <param name="FallbackOf">The WhatsApp message that failed, where this is its SMS.</param>
public sealed record EvidenceMessage(
    MessageId Message,
    Channel Channel,
    PhoneNumber To,
    DeliveryStatus Status,
    int MediaCount,
    int? ErrorCode = null,
    string? Detail = null,
    MessagePurpose Purpose = MessagePurpose.Evidence,
    IReadOnlyList<string>? WaitingMedia = null,
    MessageId? FallbackOf = null);

/// <param name="Reason">Of all causes, the most serious first; each as a sentence.</param>
public sealed record OperatorFlag(DateTimeOffset At, string Reason, string Remedy)
{
    /// <summary>What was found, one by one: one cause can be taken back while the others stay. One alone where an older version wrote the state.</summary>
    public IReadOnlyList<FlagCause> Causes { get => field ?? [new FlagCause(Reason, Remedy)]; init; }
}

/// <param name="Passing">Names a cause that may pass by itself, and so can be taken back alone; null for one that stays until the incident goes on.</param>
public sealed record FlagCause(string Reason, string Remedy, string? Passing = null);
