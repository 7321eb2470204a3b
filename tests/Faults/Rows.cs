namespace CityMonitor.Faults;

/// <summary>Every fault of the table, in its order.</summary>
static class Rows
{
    public static IReadOnlyList<FaultRow> All { get; } =
    [
        .. SpeechRows.All, .. TelephoneRows.All, .. TicketRows.All,
        .. ProcessRows.Killed, .. ProcessRows.Frozen, .. ProcessRows.Redis, .. ProcessRows.Drained, .. LoadRows.All,
    ];
}
