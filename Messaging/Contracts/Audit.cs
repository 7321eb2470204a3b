namespace CityMonitor.Messaging.Contracts;

/// <summary>One line of the audit timeline (cm:audit): a state change, a turn as it was spoken, a tool call, a message, an operator's action.</summary>
/// <param name="Kind">Dotted, for example call.ringing, turn.agent, turn.responder, tool.accept_incident, message.delivered, incident.flagged.</param>
/// <param name="Root">The incident, or the root of a call that has none.</param>
public sealed record AuditEntry(string Service, string Kind, string Root, CallId? Call, string Text) : Message;
