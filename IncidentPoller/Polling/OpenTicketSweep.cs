using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.Messaging.State;

namespace CityMonitor.IncidentPoller.Polling;

/// <summary>
/// Reports every open ticket, however old and whoever's it is, every other one that carries our mark of a yes, and looks again at every
/// reported one that is not among them. This is what makes a wiped Redis, a lost webhook or a missed page cost time and never an incident.
/// </summary>
sealed partial class OpenTicketSweep(
    FreshdeskClient freshdesk, FreshdeskPace pace, TicketObserver observer, PollerStore store, TimeProvider clock, ILogger<OpenTicketSweep> log)
{
    const int MostSearchResults = 300;
    const string Open = "status:2";

    // Accepted ones are pending; people may have given them a status of their own. Resolved and closed ones keep the tag and are left out.
    const string Accepted = $"tag:'{AcceptanceTags.Accepted}' AND (status:2 OR status:3 OR status:>6)";

    // The search index lags by minutes; what was accepted within them is found among the changes.
    static readonly TimeSpan IndexLag = TimeSpan.FromHours(1);

    /// <summary>When the last sweep of this process began, by our clock.</summary>
    public DateTimeOffset? StartedAt { get; private set; }

    public async Task RunAsync(CancellationToken ct)
    {
        StartedAt = clock.GetUtcNow();
        var seen = new HashSet<long>();

        // Those that somebody has accepted come first: a second ticket of the same event must find them known, or it would be called about.
        if (await store.SweptAsync(ct) is null)
        {
            await TicketWalk.AsOfAsync(StartedAt.Value - IndexLag, freshdesk.ListChangedAsync, pace, clock, async ticket =>
            {
                if (AcceptanceTags.Read(ticket) is not null && seen.Add(ticket.Id))
                {
                    await observer.ObserveAsync(ticket, republish: true, ct);
                }
            }, null, ct);
        }

        await UnlessRefusedAsync("search for accepted tickets", () => SearchAllAsync(Accepted, seen, ct));

        // From the primary store, without limits, but only tickets that are nobody's or our own agent's.
        await UnlessRefusedAsync("list open tickets", async () =>
            await TicketWalk.PagesAsync(freshdesk.ListOpenAsync, pace, clock, async ticket =>
            {
                if (seen.Add(ticket.Id))
                {
                    await observer.ObserveAsync(ticket, republish: true, ct);
                }
            }, ct));

        // Every agent's, but from an index that lags by minutes: what it finds is read itself before anybody is called.
        await UnlessRefusedAsync("search for open tickets", () => SearchAllAsync(Open, seen, ct));

        foreach (var id in await store.WatchedAsync(ct))
        {
            if (!seen.Contains(id))
            {
                await LookAtAsync(id, republish: true, ct);
            }
        }
    }

    async Task SearchAllAsync(string query, HashSet<long> seen, CancellationToken ct)
    {
        var total = await SearchAsync(query, seen, ct);
        for (var priority = 4; total > MostSearchResults && priority >= 1; priority--)
        {
            await SearchAsync($"{query} AND priority:{priority}", seen, ct);
        }
    }

    /// <summary>Reads one ticket now and reports what is new.</summary>
    public async Task LookAtAsync(long id, bool republish, CancellationToken ct)
    {
        await Task.Delay(pace.ForLook(), clock, ct);
        if (await freshdesk.GetAsync(id, ct) is { } ticket)
        {
            await observer.ObserveAsync(ticket, republish, ct);
            await store.RenewAsync(id, ct);
        }
        else
        {
            await observer.GoneAsync(id, ct);
        }
    }

    // An account or key that may not do one of these still gets the others, and the changes: a part of the sweep is better than none.
    async Task UnlessRefusedAsync(string what, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (FreshdeskException error) when (error.Failure is FreshdeskFailure.Rejected or FreshdeskFailure.Unauthorized)
        {
            Log.Refused(log, what, error.Message);
        }
    }

    async Task<int> SearchAsync(string query, HashSet<long> seen, CancellationToken ct)
    {
        var total = 0;
        var fresh = new List<long>();
        await TicketWalk.PagesAsync(async (page, c) =>
        {
            var (found, all) = await freshdesk.SearchAsync(query, page, c);
            total = all;
            return found;
        }, pace, clock, ticket =>
        {
            if (seen.Add(ticket.Id))
            {
                fresh.Add(ticket.Id);
            }

            return Task.CompletedTask;
        }, ct);

        foreach (var id in fresh)
        {
            await LookAtAsync(id, republish: true, ct);
        }

        return total;
    }

    static partial class Log
    {
        [LoggerMessage(5151, LogLevel.Warning, "Freshdesk refuses to {What}: {Problem}")]
        public static partial void Refused(ILogger log, string what, string problem);
    }
}
