using System.Globalization;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// The mark of a yes on the ticket itself: city-monitor-accepted, and with it city-monitor-eta-202603010945 (UTC) or city-monitor-arrived.
/// Tags, because every account has them, they are written in one request with the status, and they can be searched for.
/// </summary>
static class AcceptanceTags
{
    public const string Accepted = "city-monitor-accepted";
    const string Arrived = "city-monitor-arrived";
    const string Eta = "city-monitor-eta-";
    const string EtaFormat = "yyyyMMddHHmm";

    public static TicketAcceptance? Read(IReadOnlyList<string> tags)
    {
        if (!tags.Contains(Accepted, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var eta = tags.FirstOrDefault(tag => tag.StartsWith(Eta, StringComparison.OrdinalIgnoreCase));
        return new TicketAcceptance(
            DateTimeOffset.TryParseExact(eta?[Eta.Length..], EtaFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
            tags.Contains(Arrived, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The ticket's tags as they shall be; others' are kept. Null where they are so already.</summary>
    public static IReadOnlyList<string>? Write(IReadOnlyList<string> tags, TicketAcceptance? acceptance)
    {
        List<string> wanted = [.. tags.Where(tag => !IsOurs(tag))];
        if (acceptance is not null)
        {
            wanted.Add(Accepted);
            if (acceptance.Arrived)
            {
                wanted.Add(Arrived);
            }
            else if (acceptance.EtaAt is { } at)
            {
                wanted.Add(Eta + at.UtcDateTime.ToString(EtaFormat, CultureInfo.InvariantCulture));
            }
        }

        return wanted.Order(StringComparer.Ordinal).SequenceEqual(tags.Order(StringComparer.Ordinal)) ? null : wanted;
    }

    static bool IsOurs(string tag) =>
        tag.Equals(Accepted, StringComparison.OrdinalIgnoreCase) || tag.Equals(Arrived, StringComparison.OrdinalIgnoreCase) || tag.StartsWith(Eta, StringComparison.OrdinalIgnoreCase);
}
