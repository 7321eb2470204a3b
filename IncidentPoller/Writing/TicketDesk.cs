using System.Collections.Concurrent;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.IncidentPoller.Writing;

/// <summary>
/// Works through the tickets' queues: several tickets at once, one thing at a time per ticket. While Freshdesk is away it tries again
/// with growing waits, for as long as it takes; nothing is given up for an outage.
/// </summary>
sealed partial class TicketDesk(
    Leases leases, TicketWork work, TicketWriter writer, TicketFiler filer, OpenTicketSweep looks, FreshdeskPace pace, TimeProvider clock, ILogger<TicketDesk> log) : LeasedService(leases)
{
    const int AtOnce = 8;
    const int MostBreaks = 5;
    static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    readonly ConcurrentDictionary<long, int> _breaks = new();

    // Where Freshdesk fails for one ticket only, that ticket waits longer and longer and the others do not.
    readonly ConcurrentDictionary<long, int> _outages = new();
    readonly Lock _gate = new();
    int _failures;
    DateTimeOffset _notBefore;

    protected override string Name => "ticket-desk";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        var running = new Dictionary<long, Task>();
        try
        {
            while (true)
            {
                foreach (var (id, task) in running.Where(entry => entry.Value.IsCompleted).ToList())
                {
                    running.Remove(id);
                    await task; // a bug ends this run; the lease's owner logs it and starts the next
                }

                if (Wait() is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait < LongestWait ? wait : LongestWait, clock, lost);
                    continue;
                }

                foreach (var id in (await work.DueAsync(AtOnce * 4, lost)).Where(id => !running.ContainsKey(id)).Take(AtOnce - running.Count).ToList())
                {
                    running[id] = WorkOnAsync(id, lost);
                }

                await Task.WhenAny([Task.Delay(LookInterval, clock, lost), .. running.Values.Where(_ => running.Count == AtOnce)]);
                lost.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await Task.WhenAll(running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task WorkOnAsync(long ticketId, CancellationToken ct)
    {
        await Task.Yield();
        while (await work.FirstAsync(ticketId, ct) is { } next)
        {
            try
            {
                await DoAsync(ticketId, next.Item, ct);
                Succeeded();
            }
            catch (FreshdeskException error) when (error.IsOutage)
            {
                var wait = Failed(error);
                PollerTelemetry.Writes.Add(1, new KeyValuePair<string, object?>("outcome", "waiting"));
                await work.PostponeAsync(ticketId, Longer(wait, Backoff(_outages.AddOrUpdate(ticketId, 1, (_, count) => count + 1))), ct);
                return;
            }
            catch (Exception error) when (error is not (RedisException or OperationCanceledException or OutOfMemoryException))
            {
                // A bug that one ticket meets must not stop the others; after a few tries its write is left to the operator.
                Log.Broke(log, error, ticketId);
                if (Broke(ticketId) < MostBreaks)
                {
                    await work.PostponeAsync(ticketId, LongestWait, ct);
                    return;
                }

                await writer.GiveUpAsync(next.Item!, $"{error.GetType().Name}: {error.Message}", ct);
            }

            _breaks.TryRemove(ticketId, out _);
            _outages.TryRemove(ticketId, out _);
            if (!await work.DoneAsync(ticketId, next, ct))
            {
                return;
            }
        }

        // Only a ticket without items is left in the index here: another replica has just finished it.
        await work.DoneAsync(ticketId, new QueuedWork("", "", null), ct);
    }

    async Task DoAsync(long ticketId, TicketWorkItem? item, CancellationToken ct)
    {
        if (item is null)
        {
            Log.Unreadable(log, ticketId);
        }
        else if (item.Update is { } update)
        {
            await writer.WriteAsync(update, ct);
        }
        else if (item.Note is { } note)
        {
            await writer.WriteAsync(note, ct);
        }
        else if (item.Create is { } create)
        {
            await filer.FileAsync(create, ct);
        }
        else
        {
            await looks.LookAtAsync(ticketId, republish: false, ct);
        }
    }

    int Broke(long ticketId) => _breaks.AddOrUpdate(ticketId, 1, (_, count) => count + 1);

    TimeSpan Wait()
    {
        var asked = pace.ForWrite();
        lock (_gate)
        {
            var own = _notBefore - clock.GetUtcNow();
            return Longer(own, asked);
        }
    }

    void Succeeded()
    {
        lock (_gate)
        {
            if (_failures > 0)
            {
                Log.Recovered(log);
            }

            (_failures, _notBefore) = (0, default);
        }
    }

    // One wait for all tickets: a Freshdesk that is down need not be asked by each of them.
    TimeSpan Failed(FreshdeskException error)
    {
        lock (_gate)
        {
            if (_notBefore > clock.GetUtcNow())
            {
                return _notBefore - clock.GetUtcNow(); // another ticket has failed at the same time
            }

            var wait = error.RetryAfter ?? Backoff(_failures + 1);
            if (_failures++ == 0)
            {
                Log.Waiting(log, error.Message);
            }

            _notBefore = clock.GetUtcNow() + wait;
            return wait;
        }
    }

    /// <summary>1 s, 2 s, 4 s, ... up to 30 s, for ever: an outage has no last try.</summary>
    internal static TimeSpan Backoff(int failures) => TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(failures - 1, 10)));

    static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    static partial class Log
    {
        [LoggerMessage(5131, LogLevel.Warning, "Tickets cannot be written now; what is to be written waits: {Problem}")]
        public static partial void Waiting(ILogger log, string problem);

        [LoggerMessage(5132, LogLevel.Information, "Tickets can be written again")]
        public static partial void Recovered(ILogger log);

        [LoggerMessage(5134, LogLevel.Error, "Work on ticket {Ticket} broke; it is tried again")]
        public static partial void Broke(ILogger log, Exception error, long ticket);

        [LoggerMessage(5133, LogLevel.Error, "An entry in the queue of ticket {Ticket} cannot be read and is dropped")]
        public static partial void Unreadable(ILogger log, long ticket);
    }
}
