using System.Net;
using System.Text.RegularExpressions;

namespace CityMonitor.Hosting;

/// <summary>HTML of a ticket's note as lines of text.</summary>
static partial class PlainText
{
    public static string Of(string html) =>
        WebUtility.HtmlDecode(Tags().Replace(LineEnds().Replace(html, "\n"), "")).Replace("\r", "", StringComparison.Ordinal).Trim();

    /// <summary>The words alone, for a comparison that spaces, case and punctuation must not decide.</summary>
    public static IReadOnlyList<string> Words(string text) => [.. Word().Matches(text.ToLowerInvariant()).Select(match => match.Value)];

    [GeneratedRegex(@"<br\s*/?>|</(p|div|li|h\d|tr)>", RegexOptions.IgnoreCase)]
    private static partial Regex LineEnds();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Word();
}
