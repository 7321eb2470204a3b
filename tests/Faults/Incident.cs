using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>One ticket of a wave and the phone that it names.</summary>
sealed record Incident(string Phone, DateTimeOffset FiledAt)
{
    public long Ticket { get; set; }

    /// <summary>The fault reached it. False where it broke a process that had no part in this call.</summary>
    public bool Hit { get; set; } = true;

    public IncidentId Id => IncidentId.OfTicket(Ticket);
}

/// <summary>What became of one incident.</summary>
/// <param name="Problems">What did not hold; empty: everything.</param>
/// <param name="SilenceMs">Longest silence at the phone.</param>
/// <param name="Ticket">What the ticket says.</param>
sealed record Verdict(Incident Incident, IReadOnlyList<string> Problems, int SilenceMs, string Ticket);

/// <summary>All verdicts of one row.</summary>
sealed record RowResult(FaultRow Row, IReadOnlyList<Verdict> Verdicts);
