using System.Text.Json.Serialization;

namespace CityMonitor.Messaging.Contracts;

/// <summary>Something that crosses Redis. The base type tells where to: the sender never names a stream (see Streams/Routes.cs).</summary>
public abstract record Message;

/// <summary>To the AgentWorker that holds the partition of <see cref="Root"/>: events of one incident and its calls stay in order.</summary>
public abstract record AgentMessage : Message
{
    /// <summary>The incident's id, or the root of a call that has no incident.</summary>
    [JsonIgnore]
    public abstract string Root { get; }
}

public abstract record IncidentMessage(IncidentId Incident) : AgentMessage
{
    [JsonIgnore]
    public override string Root => Incident.Value;
}

public abstract record CallMessage(CallId Call) : AgentMessage
{
    [JsonIgnore]
    public override string Root => Call.Root;
}

/// <summary>To any TelephonyApi (stream cm:telephony).</summary>
public abstract record TelephonyMessage : Message;

/// <summary>To any MediaBridge (stream cm:media).</summary>
public abstract record MediaMessage : Message;

/// <summary>To any AgentWorker that has a place free for a language model's answer (stream cm:model).</summary>
public abstract record ModelMessage(CallId Call) : Message;

/// <summary>To any AgentWorker that has time: what is written down of calls that are over, and erased again (stream cm:records).</summary>
public abstract record RecordsMessage : Message;

/// <summary>To the MediaBridge that holds the call now, looked up at the moment of writing (stream cm:speech:{bridge}).</summary>
public abstract record SpeechMessage(CallId Call) : Message;

/// <summary>To IncidentPoller (stream cm:tickets).</summary>
public abstract record TicketMessage : Message;
