using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.State;

/// <summary>What an inbound call came to. Missed: nobody could talk with the caller. Incomplete: they had said something, and the call ended before it was dealt with.</summary>
public enum ReceptionOutcome { Missed, HungUp, Answered, Reported, MessageTaken, Transferred, Incomplete }

/// <summary>An inbound call's whole state: JSON in cm:reception:{call}; AgentWorker alone writes it.</summary>
/// <param name="From">Null for a caller who hides their number.</param>
/// <param name="Stage">The flow's stage: decides which tools may run.</param>
public sealed record ReceptionState(CallId Call, string CallSid, PhoneNumber? From, PhoneNumber To, DateTimeOffset ReceivedAt, string Stage)
{
    /// <summary>Number of the newest stream; 0 before the first.</summary>
    public int Stream { get; init; }
    public int StoppedStream { get; init; }
    public string? StopReason { get; init; }
    public EndedCall? End { get; init; }

    /// <summary>Set once the call is over and what it came to is derived; what comes later is late news.</summary>
    public ReceptionOutcome? Outcome { get; init; }

    /// <summary>The agent ended the call after its goodbye.</summary>
    public bool SaidGoodbye { get; init; }

    public CallerRecord Caller { get => field ?? CallerRecord.Unknown; init; }

    /// <summary>What was told of an incident that is not reported yet.</summary>
    public ReportDraft? Draft { get; init; }

    /// <summary>The incident that was reported last on this call.</summary>
    public ReportDraft? Reported { get; init; }

    public IReadOnlyList<ReceptionTicket> Tickets { get => field ?? []; init; }

    public TransferProgress Transfer { get; init; }

    /// <summary>How often a person was tried to be reached.</summary>
    public int Transfers { get; init; }

    /// <summary>Tool calls that were answered: a second delivery gets the same result and has no second effect.</summary>
    public IReadOnlyList<ToolRun> Tools { get => field ?? []; init; }

    /// <summary>Number of the next ticket write's id.</summary>
    public int NextWrite { get; init; } = 1;
}

public enum TransferProgress { None, Asked, Connected, Failed }

/// <param name="CallBack">Where to call them back, as they said; else the number they called from counts.</param>
public sealed record CallerRecord(string? Name, PhoneNumber? CallBack)
{
    public static readonly CallerRecord Unknown = new(null, null);
}

public sealed record ReportDraft(string? Type, string? Address, string? Description, bool DangerToLife = false);

/// <param name="TicketId">Null until it is filed.</param>
/// <param name="Filed">What it tells of an incident; the ticket is corrected when the caller says otherwise.</param>
/// <param name="Noted">What there is to say of the call stands in it, or it was given up.</param>
public sealed record ReceptionTicket(string WriteId, TicketPurpose Purpose, ReportDraft? Filed = null, long? TicketId = null, bool Noted = false);

/// <summary>Reads inbound calls; writes happen in AgentWorker's steps only.</summary>
public sealed class ReceptionStore(RedisClient redis)
{
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    public async Task<ReceptionState?> ReadAsync(CallId call, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["GET", Keys.Reception(call)], ct);
        return reply.IsNull ? null : JsonSerializer.Deserialize(reply.Bytes.Span, StateJson.Default.ReceptionState);
    }

    public async Task<IReadOnlyList<CallId>> ReadOpenAsync(CancellationToken ct)
    {
        var reply = await redis.SendAsync(["SMEMBERS", Keys.OpenReceptions], ct);
        return [.. reply.Items.Select(item => CallId.Parse(item.Text!))];
    }
}
