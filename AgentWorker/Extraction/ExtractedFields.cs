using System.Text.Json;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Extraction;

/// <summary>
/// What the model says stands in a ticket, checked against the ticket: a model invents, and the text may try to command it.
/// A phone number or a link counts only when it literally stands there. Null where nothing usable is left.
/// </summary>
static partial class ExtractedFields
{
    const int LongestType = 120;
    const int LongestAddress = 250;

    /// <summary>Fewer digits without a plus are a national number.</summary>
    const int LeastWithoutPlus = 11;

    public static IncidentFields? Read(string json, string ticketText)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement, ticketText) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text that is no valid Unicode.
            return null;
        }
    }

    static IncidentFields? Read(JsonElement root, string ticketText)
    {
        var fields = new IncidentFields(
            Text(root, "incident_type", LongestType), Text(root, "address", LongestAddress), Phone(root, ticketText), Confidence(root), Links(root, ticketText), null, null);
        return fields is { Type: null, Address: null, ResponderPhone: null, Confidence: null, EvidenceUrls.Count: 0 } ? null : fields;
    }

    static string? Text(JsonElement root, string name, int longest)
    {
        var text = Dispatch.Spoken.Clean(root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null);
        return text is { Length: > 1 } && text.Length <= longest && !text.Equals("unknown", StringComparison.OrdinalIgnoreCase) &&
            !text.Equals("null", StringComparison.OrdinalIgnoreCase) && !text.Equals("n/a", StringComparison.OrdinalIgnoreCase) ? text : null;
    }

    static double? Confidence(JsonElement root) =>
        root.TryGetProperty("confidence_score", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is >= 0 and <= 1 ? number : null;

    static PhoneNumber? Phone(JsonElement root, string ticketText)
    {
        if (!root.TryGetProperty("phone_number", out var value) || value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var digits = string.Concat((value.GetString() ?? "").Where(char.IsAsciiDigit));
        return PhoneNumber.TryParse("+" + digits, out var number) && StandsIn(digits, ticketText) ? number : null;
    }

    /// <summary>
    /// Whether the text holds exactly this international number: "+1 (202) 555-0123" holds 12025550123; "12025550123456" does not, and
    /// "202 555 0123", a national number, does not hold 2025550123, which would be somebody else's phone in another country.
    /// </summary>
    internal static bool StandsIn(string digits, string text)
    {
        foreach (Match run in NumberLike().Matches(text))
        {
            var groups = Digits().Matches(run.Value);
            for (var first = 0; first < groups.Count; first++)
            {
                var afterPlus = groups[first].Index > 0 && run.Value[groups[first].Index - 1] == '+';
                if (first > 0 && !afterPlus)
                {
                    continue;
                }

                var joined = "";
                for (var last = first; last < groups.Count && joined.Length < digits.Length + 2; last++)
                {
                    joined += groups[last].Value;
                    if ((joined == digits && (afterPlus || digits.Length >= LeastWithoutPlus)) || joined == "00" + digits)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    static List<string> Links(JsonElement root, string ticketText)
    {
        if (!root.TryGetProperty("image_urls", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return [.. list.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!.Trim())
            .Where(u => u.Length < 2000 && Uri.TryCreate(u, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && ticketText.Contains(u, StringComparison.Ordinal))
            .Distinct().Take(10)];
    }

    [GeneratedRegex(@"\+?\(?\d[\d \t().\-/]*\d")]
    private static partial Regex NumberLike();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
