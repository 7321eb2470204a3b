using System.Globalization;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>When the camera saw it. A time without a zone is in Freshdesk:TimeZone.</summary>
static class DetectionTime
{
    public const string Example = "2026-03-01 09:15:00 or 2026-03-01T09:15:00Z";
    const string Rule = "must be a date and time, year first, with a zone or in the zone of Freshdesk:TimeZone";

    static readonly string[] WithZone =
        ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss K", "yyyy-MM-dd HH:mm K", "yyyy-MM-dd HH:mmK"];

    static readonly string[] WithoutZone =
        ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-dd HH:mm", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyy-MM-dd"];

    public static Reading<DateTimeOffset?> Read(string text, TimeZoneInfo zone, DateTimeOffset now)
    {
        var written = text.Trim().Trim('"', '\'');
        if (written.EndsWith(" UTC", StringComparison.OrdinalIgnoreCase) || written.EndsWith(" GMT", StringComparison.OrdinalIgnoreCase))
        {
            written = $"{written[..^4].TrimEnd()}Z";
        }

        DateTimeOffset at;
        if (DateTime.TryParseExact(written, WithoutZone, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces, out var local) && local.Kind == DateTimeKind.Unspecified)
        {
            at = new DateTimeOffset(local, zone.GetUtcOffset(local));
        }
        else if (!DateTimeOffset.TryParseExact(written, WithZone, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal, out at))
        {
            return new(null, Rule);
        }

        return at > now + TimeSpan.FromDays(1) ? new(at, "must not be in the future") : new(at, null);
    }
}
