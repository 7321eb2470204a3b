namespace CityMonitor.Messaging.Contracts;

/// <summary>Set the ticket's status and custom fields. Resolved and Closed are refused: no path of ours closes a ticket.</summary>
/// <param name="WriteId">Names the write, for example fd-4711.status.2; a write already done is not done again.</param>
/// <param name="Acceptance">The mark of a yes that the ticket shall carry. Null takes it off where the status is Open, and leaves it alone otherwise.</param>
public sealed record UpdateTicket(
    string WriteId, IncidentId Incident, long TicketId, TicketStatus? Status, IReadOnlyDictionary<string, string>? CustomFields = null, TicketAcceptance? Acceptance = null,
    TicketCorrection? Correction = null) : TicketMessage;

/// <summary>What whoever reported an incident says now; null leaves a fact as it is.</summary>
/// <param name="DangerToLife">The ticket becomes urgent; never less than it was.</param>
public sealed record TicketCorrection(string? IncidentType, string? Address, bool DangerToLife = false);

/// <summary>Somebody has accepted the incident. Stands on the ticket itself (as tags), so that it outlives everything that Redis knows.</summary>
/// <param name="DuringCall">The yes was said in this call of the incident's (1 for the first), which had not ended then; null once its outcome is settled.</param>
/// <param name="Informed">The incident's details have been sent to the responder in writing.</param>
public sealed record TicketAcceptance(DateTimeOffset? EtaAt, bool Arrived = false, int? DuringCall = null, bool Informed = false);

/// <summary>Add a private note. Text is plain; IncidentPoller makes the HTML.</summary>
public sealed record AddTicketNote(string WriteId, IncidentId Incident, long TicketId, string Text) : TicketMessage;

/// <summary>What a new ticket is for. Only an incident's and an incomplete report's are dispatched; the others are a person's to read.</summary>
public enum TicketPurpose { Incident, Incomplete, Message }

/// <summary>A ticket to be filed. Text is plain; IncidentPoller makes the HTML, the tags and the custom fields.</summary>
/// <param name="RequesterPhone">Null for a caller who hides their number.</param>
/// <param name="Responder">Whom to phone about it; null leaves that to the operator.</param>
public sealed record NewTicket(
    TicketPurpose Purpose, string Subject, string Text, Priority Priority, string RequesterName, PhoneNumber? RequesterPhone,
    string? IncidentType = null, string? Address = null, PhoneNumber? Responder = null);

/// <summary>File a new ticket, once per write id; answered with <see cref="TicketCreated"/>.</summary>
/// <param name="RootId">Who asks: the root of a call that has no incident.</param>
/// <param name="At">When it was asked for; a ticket whose creation had no known outcome is looked for from here on.</param>
public sealed record CreateTicket(string WriteId, string RootId, DateTimeOffset At, NewTicket Ticket) : TicketMessage;

/// <summary>The ticket is there. Told at least once.</summary>
public sealed record TicketCreated(string RootId, string WriteId, long TicketId) : AgentMessage
{
    [System.Text.Json.Serialization.JsonIgnore]
    public override string Root => RootId;
}

/// <summary>A Freshdesk automation says that a ticket was created or changed: read it now, not at the next poll.</summary>
public sealed record TicketTouched(long TicketId) : TicketMessage;
