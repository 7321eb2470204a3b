using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Faults;

/// <summary>Which of two replicas has the work, as they log it themselves when they take it.</summary>
sealed partial class Holders
{
    readonly ConcurrentDictionary<int, string> byPartition = [];
    volatile string? poller;

    /// <summary>The IncidentPoller that reads tickets.</summary>
    public string? Poller => poller;

    /// <summary>The AgentWorker that decides about this incident.</summary>
    public string? WorkerOf(Incident incident) => byPartition.GetValueOrDefault(Routes.PartitionOf(incident.Id.Value));

    public void Read(LogLine line)
    {
        if (line.Text.Contains("Looking for changed tickets every", StringComparison.Ordinal))
        {
            poller = line.Process;
        }
        else if (Took().Match(line.Text) is { Success: true } took)
        {
            foreach (var partition in took.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                byPartition[int.Parse(partition, CultureInfo.InvariantCulture)] = line.Process;
            }
        }
    }

    [GeneratedRegex(@"Took partitions ([\d ]+); holds")]
    private static partial Regex Took();
}
