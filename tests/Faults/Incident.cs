using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>One ticket of a wave and the phone that it names.</summary>
sealed record Incident(string Phone, DateTimeOffset FiledAt)
{
    readonly HashSet<string> hitBy = [];
    readonly HashSet<string> askedOf = [];

    public long Ticket { get; set; }

    /// <summary>Its call was at the row's moment when the fault came.</summary>
    public bool AtTheMoment { get; set; } = true;

    /// <summary>The fault reached it. False where it broke a process that had no part in this call, or came too early or too late.</summary>
    public bool Hit => AtTheMoment && (askedOf.Count == 0 || hitBy.Count > 0);

    public IncidentId Id => IncidentId.OfTicket(Ticket);

    /// <summary>Whether the one broken replica of a service had to do with this incident's call.</summary>
    public void Served(string service, bool byTheBroken)
    {
        askedOf.Add(service);
        if (byTheBroken)
        {
            hitBy.Add(service);
        }
    }
}

/// <summary>What became of one incident.</summary>
/// <param name="Problems">What did not hold; empty: everything.</param>
/// <param name="SilenceMs">Longest silence at the phone.</param>
/// <param name="Ticket">What the ticket says.</param>
/// <param name="Calls">How many calls its phone got.</param>
sealed record Verdict(Incident Incident, IReadOnlyList<string> Problems, int SilenceMs, string Ticket, int Calls = 0);

/// <summary>All verdicts of one row.</summary>
/// <param name="ClockLateMs">How late the simulated phones' clock was at most while it was played.</param>
sealed record RowResult(FaultRow Row, IReadOnlyList<Verdict> Verdicts, double ClockLateMs);
