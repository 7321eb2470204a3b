using CityMonitor.IncidentPoller.Freshdesk;

namespace CityMonitor.IncidentPoller.Polling;

/// <summary>Walks a list of tickets to its end, however long it is, keeping to the account's pace.</summary>
static class TicketWalk
{
    // Freshdesk answers 400 beyond page 300; nothing here comes near it, and a list that never ends must end somewhere.
    const int MostPages = 300;

    public delegate Task<TicketPage> List(DateTimeOffset since, int page, CancellationToken ct);

    /// <summary>
    /// Everything changed at or after <paramref name="since"/>, oldest first. The next page begins at the last ticket's time, not at a page
    /// number: a ticket that changes meanwhile moves to the end of the list, and by number the one behind it would be skipped. Only a page
    /// that lies within one second is followed by number.
    /// </summary>
    public static async Task AsOfAsync(
        DateTimeOffset since, List list, FreshdeskPace pace, TimeProvider clock, Func<FreshdeskTicket, Task> each, Func<Task>? afterPage, CancellationToken ct)
    {
        var page = 1;
        for (var pages = 0; pages < MostPages; pages++)
        {
            await Task.Delay(pace.ForLook(), clock, ct);
            var found = await list(since, page, ct);
            foreach (var ticket in found.Tickets)
            {
                await each(ticket);
            }

            if (afterPage is not null)
            {
                await afterPage();
            }

            if (!found.More || found.Tickets.Count == 0)
            {
                return;
            }

            var last = found.Tickets[^1].UpdatedAt ?? since;
            (since, page) = last > since ? (last, 1) : (since, page + 1);
        }
    }

    /// <summary>Every page by its number.</summary>
    public static async Task PagesAsync(Func<int, CancellationToken, Task<TicketPage>> list, FreshdeskPace pace, TimeProvider clock, Func<FreshdeskTicket, Task> each, CancellationToken ct)
    {
        for (var page = 1; page <= MostPages; page++)
        {
            await Task.Delay(pace.ForLook(), clock, ct);
            var found = await list(page, ct);
            foreach (var ticket in found.Tickets)
            {
                await each(ticket);
            }

            if (!found.More || found.Tickets.Count + found.Unreadable == 0)
            {
                return;
            }
        }
    }
}
