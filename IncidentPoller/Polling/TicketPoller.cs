using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.IncidentPoller.Polling;

/// <summary>
/// Looks for changed tickets every Freshdesk:PollingInterval, and at all open ones every Freshdesk:RepublishInterval. One replica at a
/// time. A failed look is repeated at the next interval, from where the last good page ended.
/// </summary>
sealed partial class TicketPoller(
    Leases leases, FreshdeskClient freshdesk, FreshdeskPace pace, TicketObserver observer, PollerStore store, OpenTicketSweep sweep,
    PollState state, IOptions<FreshdeskOptions> options, TimeProvider clock, ILogger<TicketPoller> log) : LeasedService(leases)
{
    // Freshdesk's times have whole seconds and its replicas may lag: what is read twice is known, what is skipped is lost.
    static readonly TimeSpan Overlap = TimeSpan.FromMinutes(2);

    static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    protected override string Name => "ticket-poller";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        Log.Started(log, options.Value.PollingInterval);
        while (true)
        {
            await PollOnceAsync(lost);
            await Task.Delay(Later(options.Value.PollingInterval, pace.ForLook()), clock, lost);
        }
    }

    async Task PollOnceAsync(CancellationToken ct)
    {
        try
        {
            var started = clock.GetUtcNow();
            if (await store.SweptAsync(ct) is not { } swept || started - swept >= options.Value.RepublishInterval)
            {
                await sweep.RunAsync(ct);
                await store.SetSweptAsync(started, ct);
            }

            await ReadChangesAsync(ct);
            if (state.Succeeded(clock.GetUtcNow()))
            {
                Log.Recovered(log);
            }
        }
        catch (FreshdeskException error)
        {
            // An outage, a limit, a wrong key: the next look goes on where this one stopped. /ready says so meanwhile.
            if (state.Failed(error.Message))
            {
                Log.LookFailed(log, error.Message);
            }
        }
        catch (RedisException error)
        {
            if (state.Failed(error.Message))
            {
                Log.LookFailed(log, error.Message);
            }
        }
    }

    async Task ReadChangesAsync(CancellationToken ct)
    {
        // Without a cursor the sweep that has just run has seen every open ticket, and its start is where changes begin; a little
        // earlier, because that is our clock and not Freshdesk's. From then on the cursor is a time of Freshdesk's.
        var cursor = await store.CursorAsync(ct) ?? (sweep.StartedAt ?? clock.GetUtcNow()) - ClockTolerance;
        var since = cursor - Overlap;
        var watching = (await store.WatchedAsync(ct)).Count > 0;

        await TicketWalk.AsOfAsync(since, freshdesk.ListChangedAsync, pace, clock, async ticket =>
        {
            await observer.ObserveAsync(ticket, republish: false, ct);
            cursor = Later(cursor, ticket.UpdatedAt ?? cursor);
        }, () => store.SetCursorAsync(cursor, ct), ct);

        // The list above leaves out what was deleted or marked as spam; nobody must be called about that.
        if (watching)
        {
            await ReadRemovedAsync("deleted", since, ticket => ticket with { Deleted = true }, ct);
            await ReadRemovedAsync("spam", since, ticket => ticket with { Spam = true }, ct);
        }

        await store.SetCursorAsync(cursor, ct);
    }

    async Task ReadRemovedAsync(string filter, DateTimeOffset since, Func<FreshdeskTicket, FreshdeskTicket> mark, CancellationToken ct)
    {
        try
        {
            await TicketWalk.AsOfAsync(since, (from, page, c) => freshdesk.ListRemovedAsync(filter, from, page, c), pace, clock,
                ticket => observer.ObserveAsync(mark(ticket), republish: false, ct), null, ct);
        }
        catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected)
        {
            // Then the sweep finds out, later, by looking at each ticket that was reported.
            Log.ListRefused(log, filter, error.Message);
        }
    }

    static T Later<T>(T a, T b) where T : IComparable<T> => a.CompareTo(b) > 0 ? a : b;

    static partial class Log
    {
        [LoggerMessage(5121, LogLevel.Information, "Looking for changed tickets every {Interval}")]
        public static partial void Started(ILogger log, TimeSpan interval);

        [LoggerMessage(5122, LogLevel.Warning, "Tickets cannot be read now; the next look goes on where this one stopped: {Problem}")]
        public static partial void LookFailed(ILogger log, string problem);

        [LoggerMessage(5124, LogLevel.Warning, "Freshdesk refuses the list of {Filter} tickets: {Problem}")]
        public static partial void ListRefused(ILogger log, string filter, string problem);

        [LoggerMessage(5123, LogLevel.Information, "Tickets can be read again")]
        public static partial void Recovered(ILogger log);
    }
}

/// <summary>How the last look went, for /status, and so that an outage is one line in the log and not one per look.</summary>
sealed class PollState
{
    readonly Lock _gate = new();
    DateTimeOffset? _lookedAt;
    string? _problem;

    public (DateTimeOffset? LookedAt, string? Problem) Now
    {
        get
        {
            lock (_gate)
            {
                return (_lookedAt, _problem);
            }
        }
    }

    /// <returns>True where the look before failed.</returns>
    public bool Succeeded(DateTimeOffset at)
    {
        lock (_gate)
        {
            var recovered = _problem is not null;
            (_lookedAt, _problem) = (at, null);
            return recovered;
        }
    }

    /// <returns>True where the problem is a new one.</returns>
    public bool Failed(string problem)
    {
        lock (_gate)
        {
            var news = _problem != problem;
            _problem = problem;
            return news;
        }
    }
}
