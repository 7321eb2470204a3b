namespace CityMonitor.Messaging.Contracts;

/// <summary>How urgent: the one scale inside City Monitor. Freshdesk's 1..4 (Low..Urgent) maps onto it; higher is more urgent.</summary>
public enum Priority { Low = 1, Medium = 2, High = 3, Urgent = 4 }

/// <summary>Freshdesk's ticket statuses; an account's own ones are numbers from 6.</summary>
public enum TicketStatus { Open = 2, Pending = 3, Resolved = 4, Closed = 5 }

/// <summary>What is wrong with one field of a ticket, in words a person can act on.</summary>
public sealed record FieldProblem(string Field, string Rule, string? Found, string Example);

/// <summary>What the camera's AI says happened, as far as the ticket tells. Text is data: it is quoted into prompts, never obeyed.</summary>
/// <param name="Confidence">0 to 1.</param>
/// <param name="EvidenceUrls">Absolute http(s) links, in the ticket's order.</param>
public sealed record IncidentFields(
    string? Type,
    string? Address,
    PhoneNumber? ResponderPhone,
    double? Confidence,
    IReadOnlyList<string> EvidenceUrls,
    DateTimeOffset? DetectedAt,
    string? CameraId);

/// <summary>One version of a Freshdesk ticket as the poller read it.</summary>
/// <param name="Version">Hash of what matters to dispatch: subject, description, priority and custom fields. Our own notes and status writes leave it alone.</param>
/// <param name="RawText">Subject and description as plain text, for the model that fills what the parser missed.</param>
public sealed record TicketSnapshot(
    long TicketId,
    string Version,
    string Subject,
    string RawText,
    Priority Priority,
    IncidentFields Fields,
    IReadOnlyList<FieldProblem> Problems,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>City Monitor's own mark on the ticket; not a part of the version. It counts only where nothing is known of the incident any more.</summary>
    public TicketAcceptance? Acceptance { get; init; }
}

/// <summary>An open ticket was seen; published at least once per version and again every 10 minutes while open. Known versions are ignored.</summary>
public sealed record IncidentReported(IncidentId Incident, TicketSnapshot Ticket) : IncidentMessage(Incident);

/// <summary>A known open ticket's content was changed by somebody else.</summary>
public sealed record IncidentChanged(IncidentId Incident, TicketSnapshot Ticket) : IncidentMessage(Incident);

/// <summary>The ticket was resolved, closed, marked as spam or deleted by somebody else.</summary>
/// <param name="Reason">resolved | closed | spam | deleted.</param>
public sealed record IncidentWithdrawn(IncidentId Incident, string Reason) : IncidentMessage(Incident);

/// <summary>The minute's sweep asks the incident's worker to prove that something will still happen to it.</summary>
public sealed record IncidentSwept(IncidentId Incident) : IncidentMessage(Incident);

/// <summary>A timer of an incident or of one of its calls is due.</summary>
/// <param name="Name">What for, for example next-attempt, eta, call-overdue.</param>
public sealed record TimerDue(string RootId, string Name, CallId? Call = null) : AgentMessage
{
    [System.Text.Json.Serialization.JsonIgnore]
    public override string Root => RootId;
}

/// <summary>A message about this incident (or call without one) was given up and lies in cm:dead: a person has to look.</summary>
/// <param name="RootId">The incident's id, or the root of a call that has none.</param>
/// <param name="Type">The type of the message that was given up, for example PlaceCall.</param>
public sealed record DeadLettered(string RootId, string Type, string Error) : AgentMessage
{
    [System.Text.Json.Serialization.JsonIgnore]
    public override string Root => RootId;
}
