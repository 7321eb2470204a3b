using CityMonitor.Messaging.State;
using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Every fault of the table, in its order.</summary>
static class Rows
{
    public static IReadOnlyList<FaultRow> All { get; } =
        [.. VendorRows.Speech, .. VendorRows.Telephone, .. VendorRows.Tickets, .. ProcessRows.Killed, .. ProcessRows.Frozen, .. ProcessRows.Redis, .. ProcessRows.Drained, .. LoadRows.All];
}

/// <summary>Too much at once.</summary>
static class LoadRows
{
    const string Load = "Load";

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        new("A burst of 50 tickets, 6 calls at a time", Load, Shape.OneOfEach, Moment.TicketRead, Nothing)
        {
            AtOnce = 50, Callee = Callee.Declines, Ends = [IncidentStatus.Declined], Within = TimeSpan.FromMinutes(12),
            Environment = Setting("TelephonyApi", "Capacity__MaxConcurrentCalls", "6"),
        },
        new("Media bridge at its capacity of 2, four calls answered", Load, Shape.OneOfEach, Moment.TicketRead, Nothing)
        {
            AtOnce = 4, Environment = Setting("MediaBridge", "Capacity__MaxConcurrentCalls", "2"),
        },
    ];

    static Dictionary<string, IReadOnlyDictionary<string, string>> Setting(string process, string name, string value) =>
        new() { [process] = new Dictionary<string, string> { [name] = value } };
}
