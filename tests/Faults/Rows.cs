using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Every fault of the table.</summary>
static class Rows
{
    const string Vendors = "Vendors that fail";
    const string Processes = "Processes that die";

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        new("Deepgram: socket dropped while the agent speaks", Vendors, Shape.OneOfEach, Moment.AgentSpeaks,
            Fault("deepgram-agent", new { dropSocketsAfterMs = 0 })) { Lasts = TimeSpan.FromSeconds(0.1) },
        new("MediaBridge: kill -9 in a turn, two replicas", Processes, Shape.TwoOfEach, Moment.AgentSpeaks, Kill("MediaBridge")),
        new("AgentWorker: kill -9 in a tool, one replica", Processes, Shape.OneOfEach, Moment.InATool, Kill("AgentWorker")),
    ];
}
