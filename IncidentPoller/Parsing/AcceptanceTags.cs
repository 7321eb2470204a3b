using System.Globalization;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// The mark of a yes on the ticket itself: city-monitor-accepted with city-monitor-of-4711, the ticket's own number (a copy of the ticket has
/// another one, and nobody has accepted that), and city-monitor-eta-202603010945 (UTC) or city-monitor-arrived. Tags, because every account
/// has them, they are written in one request with the status, and they can be searched for.
/// </summary>
static class AcceptanceTags
{
    public const string Accepted = "city-monitor-accepted";
    const string Arrived = "city-monitor-arrived";
    const string Of = "city-monitor-of-";
    const string Eta = "city-monitor-eta-";
    const string EtaFormat = "yyyyMMddHHmm";

    public static TicketAcceptance? Read(FreshdeskTicket ticket)
    {
        var tags = ticket.Tags;
        if (!tags.Contains(Accepted, StringComparer.OrdinalIgnoreCase) || !tags.Contains(Own(ticket), StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        var eta = tags.FirstOrDefault(tag => tag.StartsWith(Eta, StringComparison.OrdinalIgnoreCase));
        return new TicketAcceptance(
            DateTimeOffset.TryParseExact(eta?[Eta.Length..], EtaFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
            tags.Contains(Arrived, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The ticket's tags as they shall be; others' are kept. Null where they are so already.</summary>
    public static IReadOnlyList<string>? Write(FreshdeskTicket ticket, TicketAcceptance? acceptance)
    {
        var tags = ticket.Tags;
        List<string> wanted = [.. tags.Where(tag => !IsOurs(tag))];
        if (acceptance is not null)
        {
            wanted.AddRange([Accepted, Own(ticket)]);
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

    static string Own(FreshdeskTicket ticket) => Of + ticket.Id.ToString(CultureInfo.InvariantCulture);

    static bool IsOurs(string tag) =>
        tag.StartsWith(Of, StringComparison.OrdinalIgnoreCase) || tag.Equals(Accepted, StringComparison.OrdinalIgnoreCase) || tag.Equals(Arrived, StringComparison.OrdinalIgnoreCase) || tag.StartsWith(Eta, StringComparison.OrdinalIgnoreCase);
}
