using System.Globalization;

namespace CityMonitor.Simulator.Twilio;

/// <summary>Twilio's identifiers: two letters for the kind of thing and 32 hex digits.</summary>
static class Sid
{
    public static string New(string kind) => kind + Guid.NewGuid().ToString("N");
}

/// <summary>The two ways in which Twilio writes a time.</summary>
static class TwilioTime
{
    /// <summary><c>Tue, 10 Aug 2010 08:02:17 +0000</c></summary>
    public static string Rfc2822(DateTimeOffset at) => at.ToUniversalTime().ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture) + " +0000";

    public static string Iso8601(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Filters come as <c>2026-11-20</c>, or as a full time.</summary>
    public static bool TryParse(string text, out DateTimeOffset at) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out at);
}
