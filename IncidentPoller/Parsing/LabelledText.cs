using System.Text.RegularExpressions;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>What a ticket can say about an incident; also the names under which problems are reported.</summary>
enum TicketField { IncidentType, Address, ResponderPhone, Confidence, EvidenceUrls, DetectedAt, CameraId, Priority }

/// <summary>
/// Finds labelled values in a subject or description. The camera network's own form is six numbered lines, which mail gateways, the
/// ticket system and people turn into one line, other separators, other numbers or none:
/// <code>
/// 1. Incident Type: Vehicle collision
/// 2. Address: Harbour Road and 5th Street
/// 3. Phone: 12025550123
/// 4. Confidence Score: 95%
/// 5. Image URL: "https://city.example.org/CAM-0412-1.jpg"
/// 6. Incident Time: 2026-03-01 09:15:00
/// </code>
/// </summary>
static partial class LabelledText
{
    /// <param name="lenient">
    /// True for a subject: a label may stand anywhere. False for prose: it begins a line or has its number, or half of a sentence
    /// ('the location: ...') would be taken for a field.
    /// </param>
    public static IReadOnlyDictionary<TicketField, string> Read(string text, bool lenient)
    {
        try
        {
            return ReadLabels(text, lenient);
        }
        catch (RegexMatchTimeoutException)
        {
            PollerTelemetry.NotTaken("slow");
            return new Dictionary<TicketField, string>(); // a text made to be slow gives nothing; the ticket's other sources still count
        }
    }

    static Dictionary<TicketField, string> ReadLabels(string text, bool lenient)
    {
        var found = new Dictionary<TicketField, string>();
        var prepared = Prepare(text);
        var labels = Label.Matches(prepared).Where(label => IsLabel(label, prepared, lenient)).ToList();
        for (var i = 0; i < labels.Count; i++)
        {
            var start = labels[i].Index + labels[i].Length;
            var end = i + 1 < labels.Count ? labels[i + 1].Index : prepared.Length;
            var field = FieldOf(labels[i]);
            var value = Cut(field, prepared[start..end]);
            if (value is not null)
            {
                found.TryAdd(field, value); // said twice: the first one counts
            }
        }

        return found.Count > 0 ? found : ReadByPosition(prepared);
    }

    static bool IsLabel(Match label, string text, bool lenient)
    {
        var ahead = label.Groups["ahead"];
        var beginsLine = label.Index == 0 || text[label.Index - 1] == '\n' || ahead.ValueSpan.Contains('\n');
        return beginsLine || label.Groups["number"].Success || (lenient && !label.Groups["dash"].Success);
    }

    // Six numbered lines without labels: the order of the form is all there is.
    static Dictionary<TicketField, string> ReadByPosition(string text)
    {
        TicketField[] order = [TicketField.IncidentType, TicketField.Address, TicketField.ResponderPhone, TicketField.Confidence, TicketField.EvidenceUrls, TicketField.DetectedAt];
        var lines = NumberedLine.Matches(text);
        var found = new Dictionary<TicketField, string>();
        if (lines.Count < 3)
        {
            return found;
        }

        foreach (Match line in lines)
        {
            if (int.TryParse(line.Groups["n"].ValueSpan, out var number) && number is >= 1 and <= 6 && PlainText.Value(line.Groups["value"].Value) is { } value)
            {
                found.TryAdd(order[number - 1], value);
            }
        }

        return found;
    }

    static string Prepare(string text) =>
        (text.Length > PlainText.MaxRawText ? text[..PlainText.MaxRawText] : text).Replace("\\r", "", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal).Replace('：', ':').Replace('＝', '=').ReplaceLineEndings("\n");

    // A value ends with its line, except links, which may stand one to a line.
    static string? Cut(TicketField field, string value)
    {
        value = value.Trim();
        if (field == TicketField.EvidenceUrls)
        {
            var lines = value.Split('\n');
            var links = lines.TakeWhile((line, n) => n == 0 || line.Contains("://", StringComparison.Ordinal));
            return value.Length == 0 ? null : string.Join('\n', links);
        }

        var end = value.IndexOf('\n');
        return PlainText.Value(end < 0 ? value : value[..end]);
    }

    static TicketField FieldOf(Match label) =>
        label.Groups["type"].Success ? TicketField.IncidentType
        : label.Groups["address"].Success ? TicketField.Address
        : label.Groups["phone"].Success ? TicketField.ResponderPhone
        : label.Groups["confidence"].Success ? TicketField.Confidence
        : label.Groups["url"].Success ? TicketField.EvidenceUrls
        : label.Groups["time"].Success ? TicketField.DetectedAt
        : TicketField.CameraId;

    // A label stands at the start, after a line break or separator, after its number, or, where everything is on one line, after a space.
    // Longer names come first, so that 'Incident Time' is not read as 'Time'.
    [GeneratedRegex(
        """
        (?:^|(?<=[\n|;,•*–—\s]))
        (?<ahead>[\s"'*•\-]*)(?<number>[(\[]?[1-9]\s*[.):\]\-]{1,2}\s*|(?<=^|\n)[1-9]\s+)?[*_"']*
        (?:(?<type>incident\s*type|type\s+of\s+incident|event\s*type|incident|type|event)
        |(?<address>incident\s*(?:address|location)|address|location|place|where)
        |(?<phone>(?:responder(?:'s)?|contact|emergency|mobile|cell|tele)?[\s_-]*phone(?:\s*(?:number|no\.?|\#))?|responder(?:'s)?\s*(?:number|contact|mobile)|contact\s*(?:number|no\.?)|mobile(?:\s*(?:number|no\.?))?|tel\.?|call)
        |(?<confidence>(?:ai[\s_-]*)?confidence(?:[\s_-]*(?:score|level|rating))?|score)
        |(?<url>(?:image|evidence|snapshot|photo|picture|video|media)s?(?:[\s_-]*(?:url|link)s?)?(?:\(s\))?|urls?|links?)
        |(?<time>(?:incident|detection|event)[\s_-]*(?:time|date)(?:stamp)?|detected(?:[\s_-]*at)?|date(?:\s*(?:and|&|/)\s*time)?|time(?:stamp)?)
        |(?<camera>camera(?:[\s_-]*(?:id|name|no\.?|number))?|cam(?:[\s_-]*id)?))
        [*_"']*(?:\s*[:=]|(?<dash>\s+[-–—]\s))[ \t*_]*
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant, 1000)]
    static partial Regex Label { get; }

    [GeneratedRegex(@"^\s*[(\[]?(?<n>[1-9])[.):\]\-]{1,2}\s*(?<value>.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    static partial Regex NumberedLine { get; }
}
