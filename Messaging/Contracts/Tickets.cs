namespace CityMonitor.Messaging.Contracts;

/// <summary>Set the ticket's status and custom fields. Resolved and Closed are refused: no path of ours closes a ticket.</summary>
/// <param name="WriteId">Names the write, for example fd-4711.status.2; a write already done is not done again.</param>
public sealed record UpdateTicket(string WriteId, IncidentId Incident, long TicketId, TicketStatus? Status, IReadOnlyDictionary<string, string>? CustomFields = null) : TicketMessage;

/// <summary>Add a private note. Text is plain; IncidentPoller makes the HTML.</summary>
public sealed record AddTicketNote(string WriteId, IncidentId Incident, long TicketId, string Text) : TicketMessage;

/// <summary>A Freshdesk automation says that a ticket was created or changed: read it now, not at the next poll.</summary>
public sealed record TicketTouched(long TicketId) : TicketMessage;
