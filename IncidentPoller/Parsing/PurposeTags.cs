using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>
/// What a ticket of our own is for. A message for somebody is no incident, and nobody is phoned about it: until a person takes the tag off.
/// </summary>
static class PurposeTags
{
    const string ByPhone = "city-monitor-by-phone";
    const string Incomplete = "city-monitor-incomplete";
    const string Message = "city-monitor-message";

    public static IReadOnlyList<string> Of(TicketPurpose purpose) => purpose switch
    {
        TicketPurpose.Message => [ByPhone, Message],
        TicketPurpose.Incomplete => [ByPhone, Incomplete],
        _ => [ByPhone],
    };

    public static bool IsNoIncident(FreshdeskTicket ticket) => ticket.Tags.Contains(Message, StringComparer.OrdinalIgnoreCase);
}
