using System.Globalization;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// The mark of a yes on the ticket itself: city-monitor-accepted with city-monitor-of-4711, the ticket's own number (a copy of the ticket has
/// another one, and nobody has accepted that), and city-monitor-eta-202603010945 (UTC) or city-monitor-arrived; city-monitor-call-2 while the
/// second call, in which the yes was said, goes on; city-monitor-informed once the details have been sent. Tags, because every account has
/// them, they are written in one request with the status, and they can be searched for.
/// </summary>
static class AcceptanceTags
{
    public const string Accepted = "city-monitor-accepted";
    const string Arrived = "city-monitor-arrived";
    const string Informed = "city-monitor-informed";
    const string Of = "city-monitor-of-";
    const string Call = "city-monitor-call-";
    const string Eta = "city-monitor-eta-";
    const string EtaFormat = "yyyyMMddHHmm";

    public static TicketAcceptance? Read(FreshdeskTicket ticket)
    {
        var tags = ticket.Tags;
        if (!tags.Contains(Accepted, StringComparer.OrdinalIgnoreCase) || !tags.Contains(Own(ticket), StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        return new TicketAcceptance(
            DateTimeOffset.TryParseExact(Behind(Eta), EtaFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null,
            tags.Contains(Arrived, StringComparer.OrdinalIgnoreCase),
            int.TryParse(Behind(Call), NumberStyles.None, CultureInfo.InvariantCulture, out var call) && call is > 0 and < 1000 ? call : null,
            tags.Contains(Informed, StringComparer.OrdinalIgnoreCase));

        string? Behind(string prefix) => tags.FirstOrDefault(tag => tag.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))?[prefix.Length..];
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

            if (acceptance.DuringCall is { } call)
            {
                wanted.Add(Call + call.ToString(CultureInfo.InvariantCulture));
            }

            if (acceptance.Informed)
            {
                wanted.Add(Informed);
            }
        }

        return wanted.Order(StringComparer.Ordinal).SequenceEqual(tags.Order(StringComparer.Ordinal)) ? null : wanted;
    }

    static string Own(FreshdeskTicket ticket) => Of + ticket.Id.ToString(CultureInfo.InvariantCulture);

    static bool IsOurs(string tag) =>
        ((string[])[Accepted, Arrived, Informed]).Contains(tag, StringComparer.OrdinalIgnoreCase)
        || ((string[])[Of, Eta, Call]).Any(prefix => tag.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
