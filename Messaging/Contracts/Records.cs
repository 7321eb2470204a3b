namespace CityMonitor.Messaging.Contracts;

/// <summary>A call is over, and what is known of it (field `summary` of its hash, its turns and tool calls) shall be written down. Again where something came late.</summary>
public sealed record RecordCall(CallId Call) : RecordsMessage;

/// <summary>
/// A person has asked to be forgotten: what Redis and the records hold of them is erased, counts and outcomes stay. Done again until
/// nothing is left; what belongs to a call or a dispatch under way waits for its end. The report is cm:erase:{request}.
/// </summary>
public sealed record EraseSubject(string Request, PhoneNumber Number) : RecordsMessage;

/// <summary>The same for one incident, to the worker that alone may write it.</summary>
public sealed record EraseFromIncident(IncidentId Incident, PhoneNumber Number) : IncidentMessage(Incident);
