namespace CityMonitor.Messaging.Contracts;

/// <summary>Set the ticket's status and custom fields. Resolved and Closed are refused: no path of ours closes a ticket.</summary>
/// <param name="WriteId">Names the write, for example fd-4711.status.2; a write already done is not done again.</param>
/// <param name="Acceptance">The mark of a yes that the ticket shall carry. Null takes it off where the status is Open, and leaves it alone otherwise.</param>
public sealed record UpdateTicket(
    string WriteId, IncidentId Incident, long TicketId, TicketStatus? Status, IReadOnlyDictionary<string, string>? CustomFields = null, TicketAcceptance? Acceptance = null) : TicketMessage;

/// <summary>Somebody has accepted the incident. Stands on the ticket itself (as tags), so that it outlives everything that Redis knows.</summary>
public sealed record TicketAcceptance(DateTimeOffset? EtaAt, bool Arrived = false);

/// <summary>Add a private note. Text is plain; IncidentPoller makes the HTML.</summary>
public sealed record AddTicketNote(string WriteId, IncidentId Incident, long TicketId, string Text) : TicketMessage;

/// <summary>A Freshdesk automation says that a ticket was created or changed: read it now, not at the next poll.</summary>
public sealed record TicketTouched(long TicketId) : TicketMessage;
