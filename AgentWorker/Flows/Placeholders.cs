using System.Text.RegularExpressions;

namespace CityMonitor.AgentWorker.Flows;

/// <summary>The {{names}} that a flow's texts may hold.</summary>
static partial class Placeholders
{
    /// <summary>Nothing of the incident: safe in what a voicemail may hear.</summary>
    public static readonly IReadOnlyCollection<string> Anywhere = ["authority", "agent", "date", "called"];

    public static readonly IReadOnlyCollection<string> All = [.. Anywhere, "type", "address", "priority", "confidence", "time", "camera"];

    public static IEnumerable<string> In(string text) => Pattern().Matches(text).Select(m => m.Groups[1].Value);

    /// <summary>One pass: a value that itself holds {{...}} is data and stays as it is.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string> values) =>
        Pattern().Replace(text, m => values.TryGetValue(m.Groups[1].Value, out var value) ? value : m.Value);

    [GeneratedRegex(@"\{\{\s*([^{}\s]*)\s*\}\}")]
    private static partial Regex Pattern();
}
