namespace CityMonitor.Messaging.Contracts;

/// <summary>A call is over, and what is known of it (field `summary` of its hash, its turns and tool calls) shall be written down. Again where something came late.</summary>
public sealed record RecordCall(CallId Call) : RecordsMessage;
