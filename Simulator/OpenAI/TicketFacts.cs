using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>What regular expressions can find of an incident in a ticket's text. Text that gives orders is text like any other.</summary>
sealed partial record TicketFacts(
    string? Phone, string? IncidentType, string? Address, double? Confidence, string? DetectedAt, string? Camera, IReadOnlyList<string> Images)
{
    public static TicketFacts In(string text)
    {
        var phone = Value(PhoneLine(), text) ?? AnyPhone().Match(text).Value;
        var digits = new string([.. phone.Where(char.IsAsciiDigit)]);
        var confidence = Value(ConfidenceLine(), text) is { } given && double.TryParse(given, CultureInfo.InvariantCulture, out var number)
            ? number > 1 ? number / 100 : number
            : (double?)null;
        return new TicketFacts(
            digits.Length is >= 10 and <= 15 ? $"+{(digits.Length == 10 ? "1" : "")}{digits}" : null,
            Value(TypeLine(), text) ?? Kind(text),
            Value(AddressLine(), text) ?? Value(AddressInProse(), text),
            confidence,
            Value(TimeLine(), text),
            Value(CameraLine(), text),
            [.. Url().Matches(text).Select(m => m.Value.TrimEnd('.', ',')).Distinct()]);
    }

    /// <summary>The fact that a property of this name asks for, or null.</summary>
    public JsonNode? About(string property)
    {
        var name = property.ToLowerInvariant();
        return name switch
        {
            _ when name.Contains("phone", StringComparison.Ordinal) => Phone,
            _ when name.Contains("address", StringComparison.Ordinal) || name.Contains("location", StringComparison.Ordinal) => Address,
            _ when name.Contains("type", StringComparison.Ordinal) => IncidentType,
            _ when name.Contains("confidence", StringComparison.Ordinal) => Confidence,
            _ when name.Contains("camera", StringComparison.Ordinal) => Camera,
            _ when name.Contains("time", StringComparison.Ordinal) || name.Contains("detected", StringComparison.Ordinal) => DetectedAt,
            _ when name.Contains("url", StringComparison.Ordinal) || name.Contains("image", StringComparison.Ordinal)
                || name.Contains("evidence", StringComparison.Ordinal) => new JsonArray([.. Images.Select(i => JsonValue.Create(i))]),
            _ => null,
        };
    }

    /// <summary>All facts under the usual names, for a request that asks for JSON without saying which.</summary>
    public JsonObject Everything() => new()
    {
        ["phone_number"] = Phone, ["incident_type"] = IncidentType, ["address"] = Address, ["confidence_score"] = Confidence,
        ["incident_time"] = DetectedAt, ["image_urls"] = About("image_urls"),
    };

    static string? Value(Regex line, string text) => line.Match(text) is { Success: true } match ? match.Groups[1].Value.Trim(' ', '"', '\'', '.', '\r') : null;

    static string? Kind(string text) => KindInProse().Match(text) is { Success: true } match
        ? string.Concat(char.ToUpperInvariant(match.Value[0]).ToString(), match.Value.AsSpan(1)) : null;

    [GeneratedRegex(@"^\W*\d*\W*(?:responder )?(?:phone|phone number|number|contact|call)\b[^:=\n]*[:=]\s*(.+)$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex PhoneLine();

    [GeneratedRegex(@"(?<![\w/.-])\+?\d[\d\s().-]{8,17}\d(?![\w/])")]
    private static partial Regex AnyPhone();

    [GeneratedRegex(@"^\W*\d*\W*(?:incident )?type\b[^:=\n]*[:=]\s*(.+)$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^\W*\d*\W*(?:address|location|place|where)\b[^:=\n]*[:=]\s*(.+)$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex AddressLine();

    [GeneratedRegex(@"\b(?:at|on|near)\s+(?:the (?:corner|crossing) of\s+)?((?:\d+\s+)?\p{Lu}[\p{L}\d' -]*?(?:Street|St|Road|Rd|Avenue|Ave|Lane|Square|Bridge|Boulevard|Way|Dock)\b(?:\s+and\s+[\p{L}\d ]*?(?:Street|St|Road|Rd|Avenue|Ave)\b)?)")]
    private static partial Regex AddressInProse();

    [GeneratedRegex(@"\bconfidence\b[^:=\d\n]*[:=]?\s*(\d+(?:\.\d+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex ConfidenceLine();

    [GeneratedRegex(@"^\W*\d*\W*(?:incident |detection |detected )?(?:time|at|detected)\b[^:=\n]*[:=]\s*(.+)$", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex TimeLine();

    [GeneratedRegex(@"\bcamera\b[^:=\n]*[:=]\s*(\S+)", RegexOptions.IgnoreCase)]
    private static partial Regex CameraLine();

    [GeneratedRegex(@"\b(?:vehicle collision|traffic accident|car accident|collision|accident|fire|smoke|fight|assault|robbery|flooding|weapon|shooting|person down|medical emergency)\b", RegexOptions.IgnoreCase)]
    private static partial Regex KindInProse();

    [GeneratedRegex(@"https?://[^\s""'<>)]+")]
    private static partial Regex Url();
}
