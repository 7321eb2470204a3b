using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>Where each message goes: its base type tells.</summary>
public static class Routes
{
    /// <summary>How many partitions cm:agent has. A constant: processes that disagree about it would break the order of an incident's events.</summary>
    public const int Partitions = 16;

    /// <summary>The partition of a root (an incident's id, or a call's root): FNV-1a of its UTF-8 bytes, the same in every process.</summary>
    public static int PartitionOf(string root)
    {
        Span<byte> bytes = stackalloc byte[256];
        var length = Encoding.UTF8.TryGetBytes(root, bytes, out var written) ? written : 0;
        var hash = 2166136261u;
        foreach (var b in bytes[..length])
        {
            hash = (hash ^ b) * 16777619u;
        }

        return (int)(hash % Partitions);
    }

    /// <summary>The stream; null for a speech message, whose stream is known only when it is written.</summary>
    internal static string? StreamOf(Message message) => message switch
    {
        AgentMessage agent => Keys.AgentPartition(PartitionOf(agent.Root)),
        TelephonyMessage => Keys.Telephony,
        MediaMessage => Keys.Media,
        ModelMessage => Keys.Model,
        TicketMessage => Keys.Tickets,
        RecordsMessage => Keys.Records,
        AuditEntry => Keys.Audit,
        SpeechMessage => null,
        _ => throw new NotSupportedException($"{message.GetType().Name} has no stream: give it one of the base types in Contracts/Message.cs."),
    };

    internal static CallId? CallOf(Message message) => message switch
    {
        CallMessage call => call.Call,
        SpeechMessage speech => speech.Call,
        ModelMessage model => model.Call,
        PlaceCall place => place.Call,
        AnswerCall answer => answer.Call,
        RecordCall record => record.Call,
        EndCall end => end.Call,
        PrepareGreeting greeting => greeting.Call,
        TimerDue timer => timer.Call,
        AuditEntry audit => audit.Call,
        _ => null,
    };

    /// <summary>The incident, or the root of a call that has none; null for what belongs to neither (TicketTouched).</summary>
    internal static string? RootOf(Message message) => message switch
    {
        AgentMessage agent => agent.Root,
        SendMessage send => send.Incident.Value,
        UpdateTicket update => update.Incident.Value,
        AddTicketNote note => note.Incident.Value,
        CreateTicket create => create.RootId,
        AuditEntry audit => audit.Root,
        _ => CallOf(message)?.Root,
    };
}
