using System.Text.RegularExpressions;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed partial class FeaturesPageTests
{
    static readonly Dictionary<string, string> Projects = new()
    {
        ["P"] = "IncidentPoller", ["A"] = "AgentWorker", ["T"] = "TelephonyApi", ["M"] = "MediaBridge", ["X"] = "Messaging",
        ["D"] = "ServiceDefaults", ["H"] = "DevHost", ["S"] = "Simulator", ["E"] = "EndToEnd",
    };

    [Fact]
    public void Every_test_that_the_features_page_names_exists()
    {
        var sources = Projects.ToDictionary(
            project => project.Key,
            project => Repository.Sources("tests", $"{project.Value}.Tests").Select(File.ReadAllText).ToList());
        var missing = new List<string>();
        var named = 0;
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "docs", "features.md")).Where(line => line.StartsWith('|')))
        {
            var project = "";
            foreach (var test in Test().Matches(line.Split('|')[^2]).ToList())
            {
                project = test.Groups[1] is { Success: true } letter ? letter.Value : project;
                named++;
                if (!sources[project].Any(source => source.Contains($"class {test.Groups[2].Value}", StringComparison.Ordinal) && source.Contains($" {test.Groups[3].Value}(", StringComparison.Ordinal)))
                {
                    missing.Add($"{project} {test.Value}");
                }
            }
        }

        Assert.Empty(missing);
        Assert.True(named > 150, $"only {named} tests were found on the page");
    }

    [GeneratedRegex(@"(?:\b([PATMXDHSE]) )?`(\w+)\.(\w+)`")]
    private static partial Regex Test();
}
