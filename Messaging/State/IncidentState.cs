using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.State;

/// <summary>What has become of an incident. Every one but Withdrawn keeps the ticket open.</summary>
public enum IncidentStatus { Reported, Calling, Acknowledged, Declined, Unreachable, InvalidContact, Failed, Withdrawn }

public enum CallOutcome { Acknowledged, Declined, NoAnswer, Busy, Voicemail, InvalidContact, HungUp, Cancelled, Failed, Unknown }

/// <summary>An incident's whole state: JSON in cm:incident:{id}; AgentWorker alone writes it.</summary>
/// <param name="Flag">Set when a person has to act; says why and what to do.</param>
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
    int NextWrite = 1);

/// <param name="EndedAt">Null while the call is queued or live.</param>
public sealed record CallAttempt(
    CallId Call,
    PhoneNumber To,
    DateTimeOffset At,
    DateTimeOffset? AnsweredAt = null,
    DateTimeOffset? EndedAt = null,
    CallOutcome? Outcome = null,
    string? Detail = null);

/// <summary>What the responder told us.</summary>
public sealed record ResponderRecord(string? Name, string? Agency, PhoneNumber? WhatsApp, int? EtaMinutes, DateTimeOffset? AcceptedAt, DateTimeOffset? DeclinedAt, string? DeclineReason);

public sealed record EvidenceMessage(MessageId Message, Channel Channel, PhoneNumber To, DeliveryStatus Status, int MediaCount, int? ErrorCode = null, string? Detail = null);

public sealed record OperatorFlag(DateTimeOffset At, string Reason, string Remedy);
