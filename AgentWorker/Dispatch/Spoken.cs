using System.Globalization;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>An incident's facts in words, for the phone, messages and notes. What the ticket lacks is said to be unknown, never made up.</summary>
static class Spoken
{
    public static string Type(IncidentFields fields) => Clean(fields.Type) ?? "an incident of unknown type";

    public static string Address(IncidentFields fields) => Clean(fields.Address) ?? "an unknown place";

    public static string Priority(Priority priority) => priority switch
    {
        Messaging.Contracts.Priority.Urgent => "urgent",
        Messaging.Contracts.Priority.High => "high",
        Messaging.Contracts.Priority.Medium => "medium",
        _ => "low",
    };

    public static string Confidence(IncidentFields fields) =>
        fields.Confidence is { } c ? string.Create(CultureInfo.InvariantCulture, $"{c * 100:0} percent") : "not given";

    public static string Time(IncidentFields fields, TicketSnapshot ticket)
    {
        var at = fields.DetectedAt ?? ticket.CreatedAt;
        return at.ToString("d MMMM 'at' HH:mm", CultureInfo.InvariantCulture);
    }

    /// <summary>Digits one by one in small groups, as they are read back: "plus 1, 2 0 2, 5 5 5, 0 1 2 3".</summary>
    public static string Digits(PhoneNumber number)
    {
        var digits = number.Value.AsSpan(1);
        var groups = new List<string>();
        var tail = digits.Length > 7 ? 4 : 3;
        var head = digits[..^tail];
        for (var first = head.Length % 3; head.Length > 0; first = 3)
        {
            var size = Math.Min(first == 0 ? 3 : first, head.Length);
            groups.Add(string.Join(' ', head[..size].ToArray()));
            head = head[size..];
        }

        groups.Add(string.Join(' ', digits[^tail..].ToArray()));
        return "plus " + string.Join(", ", groups);
    }

    /// <summary>One line without control characters, bounded: text of tickets and callers is data wherever it goes.</summary>
    public static string? Clean(string? text, int longest = 200)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var line = string.Join(' ', string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= longest ? line : line[..(longest - 1)] + "…";
    }
}
