using System.Globalization;
using System.Text.RegularExpressions;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed partial class EventIdTests
{
    /// <summary>The first of the thousand ids that are a project's own: an id in a log names its line without the service's name.</summary>
    static readonly Dictionary<string, int> ranges = new()
    {
        ["ServiceDefaults"] = 0, ["Messaging"] = 1000, ["MediaBridge"] = 2000, ["TelephonyApi"] = 3000, ["AgentWorker"] = 4000, ["IncidentPoller"] = 5000,
        ["OperatorConsole"] = 6000, ["Evaluate"] = 7000, ["Simulator"] = 8000,
    };

    [Fact]
    public void Every_log_event_has_an_id_of_its_own_in_its_projects_range()
    {
        var events = Directory.EnumerateDirectories(Repository.Root)
            .Where(folder => Path.GetFileName(folder) is not ("tests" or "artifacts" or "bench") && Directory.EnumerateFiles(folder, "*.csproj").Any())
            .SelectMany(folder => Repository.Sources(folder).SelectMany(file => Event().Matches(File.ReadAllText(file)).Select(match =>
                (Project: Path.GetFileName(folder), File: Path.GetFileName(file), Id: match.Groups["id"].Value))))
            .ToList();

        Assert.True(events.Count > 100, $"only {events.Count} log events were found");
        Assert.All(events, one => Assert.True(
            int.TryParse(one.Id, CultureInfo.InvariantCulture, out var id) && ranges.TryGetValue(one.Project, out var first) && id >= first && id < first + 1000,
            $"{one.Project}/{one.File}: event id '{one.Id}' is outside the project's range"));
        Assert.Empty(events.GroupBy(one => one.Id).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(", ", same.Select(one => one.File))}"));
    }

    [GeneratedRegex(@"\[LoggerMessage\((?:EventId\s*=\s*)?(?<id>[^,]*)")]
    private static partial Regex Event();
}
