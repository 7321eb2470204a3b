using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>A consumer's place: which group of the stream, under which name, and under which lease where there is one.</summary>
readonly record struct ConsumerPlace(string Group, string Name, Fence? Fence);

/// <summary>
/// Takes one entry to its end: handled and committed, or in cm:dead, or left to somebody else. Outages are waited out and not
/// counted; exceptions and crashes are, to five. A handler that hangs and cannot be stopped is left behind, its message given up.
/// </summary>
sealed class EntryHandling(RedisClient redis, Committer committer, IMessageHandler handler, HandlingLimits limits, string service, TimeProvider clock, ILogger log)
{
    internal const int MostDeliveries = 5;

    /// <summary>Returns when the entry is settled, or when <paramref name="ct"/> fires (it is then left pending). Throws nothing.</summary>
    public async Task RunAsync(StreamEntry entry, Message? message, string? problem, ConsumerPlace place, CancellationToken ct)
    {
        try
        {
            if (message is null)
            {
                await GiveUpAsync(entry, place, problem ?? "Not a message.", entry.Deliveries + 1, ct);
                return;
            }

            await HandleAsync(entry, message, place, ct);
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // The partition has another holder now, or the process stops: the entry stays pending for whoever comes next.
        }
        catch (Exception error)
        {
            // What neither waiting nor cm:dead mends (cm:dead itself is no stream): the entry stays pending and comes again after 5 s.
            StreamLog.LeftPending(log, error, entry.Text(Envelope.Type), entry.Id, entry.Stream);
        }
    }

    async Task HandleAsync(StreamEntry entry, Message message, ConsumerPlace place, CancellationToken ct)
    {
        var failures = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));
        for (var deliveries = entry.Deliveries + 1; ; deliveries++)
        {
            if (deliveries > MostDeliveries)
            {
                await GiveUpAsync(entry, place, $"Its handling was started {MostDeliveries} times and never ended.", MostDeliveries, ct);
                return;
            }

            if (deliveries > 1 && !await CountStartAsync(entry, place, deliveries, ct))
            {
                return;
            }

            try
            {
                await HandleOnceAsync(entry, message, place, deliveries, ct);
                return;
            }
            catch (HandlerAbandonedException error)
            {
                // It may still be at work: a second start beside it could do its effects outside Redis twice.
                StreamLog.HandlerAbandoned(log, entry.Text(Envelope.Type), entry.Id, entry.Stream, error.Message);
                Telemetry.Abandoned(entry);
                ct.ThrowIfCancellationRequested();
                await GiveUpAsync(entry, place, error.Message, deliveries, ct);
                return;
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                // The edge that protects the stream from its handlers: the error is counted, logged and, at the fifth, kept in cm:dead.
                StreamLog.HandlerFailed(log, error, entry.Text(Envelope.Type), entry.Id, entry.Stream, deliveries);
                if (deliveries >= MostDeliveries)
                {
                    await GiveUpAsync(entry, place, $"{error.GetType().Name}: {error.Message}", deliveries, ct);
                    return;
                }
            }

            await Task.Delay(failures.Next(), clock, ct);
        }
    }

    async Task HandleOnceAsync(StreamEntry entry, Message message, ConsumerPlace place, long deliveries, CancellationToken ct)
    {
        using var activity = Telemetry.Handling(entry, place.Group);
        using var scope = log.BeginScope(Subject(entry));
        var now = clock.GetUtcNow();
        var start = clock.GetTimestamp();
        var delivery = new Delivery(message, entry.Id, entry.At(now), deliveries);
        Telemetry.Started(entry, now - delivery.At, deliveries > 1);

        // A handler that meets an outage of Redis (it may read state) is asked again; that is nobody's failure.
        var (step, handled) = await WaitOutAsync(entry, async () =>
        {
            var attempt = new Step(clock);
            return (attempt, await LimitedHandling.RunAsync(handler, delivery, attempt, limits, clock, after => StreamLog.AbandonedEnded(log, entry.Text(Envelope.Type), entry.Id, entry.Stream, after.TotalSeconds), ct));
        }, ct);

        if (handled.RetryAfter is { } after)
        {
            step.Repeat(entry, after);
        }
        else if (handled.DeadReason is { } reason)
        {
            Bury(step, entry, reason, deliveries);
        }

        await CommitAsync(step, entry, place, ct);
        Telemetry.Handled(entry, handled.RetryAfter is not null ? "retry" : handled.DeadReason is not null ? "dead" : "done", clock.GetElapsedTime(start));
    }

    /// <summary>Puts the call, or its incident, on every line that the handler logs.</summary>
    static KeyValuePair<string, object?>[] Subject(StreamEntry entry) =>
        [new(Envelope.Incident, entry.Text(Envelope.Incident)), new(Envelope.Call, entry.Text(Envelope.Call))];

    async Task GiveUpAsync(StreamEntry entry, ConsumerPlace place, string reason, long deliveries, CancellationToken ct)
    {
        var step = new Step(clock);
        Bury(step, entry, reason, deliveries);
        await CommitAsync(step, entry, place, ct);
    }

    /// <summary>To cm:dead, with a line in the audit and word to the incident's worker, which raises it to the operator.</summary>
    void Bury(Step step, StreamEntry entry, string reason, long deliveries)
    {
        var type = entry.Text(Envelope.Type) ?? "unknown";
        var root = entry.Text(Envelope.Incident);
        StreamLog.GivenUp(log, type, entry.Id, entry.Stream, reason);
        Telemetry.Dead(entry);
        step.Bury(entry, reason, deliveries);
        step.Publish(new AuditEntry(service, "message.dead", root ?? "", CallId.TryParse(entry.Text(Envelope.Call), out var call) ? call : null, $"{type} from {entry.Stream} was given up: {reason}"));

        // Word about a word that failed would never end.
        if (root is not null && type != nameof(DeadLettered))
        {
            step.Publish(new DeadLettered(root, type, reason));
        }
    }

    async Task CommitAsync(Step step, StreamEntry entry, ConsumerPlace place, CancellationToken ct)
    {
        var result = await WaitOutAsync(entry, async () => await committer.CommitAsync(step, entry.Stream, place.Group, entry.Id, place.Fence, ct), ct);
        if (result != CommitResult.Done)
        {
            StreamLog.CommitRefused(log, entry.Text(Envelope.Type), entry.Id, entry.Stream, result);
        }
    }

    /// <summary>
    /// Redis counts deliveries; this sets the count of starts, before each start but the first, so that entries that only waited are not
    /// blamed for a crash. False when the entry is not pending any more: it was settled between the look at it and now.
    /// </summary>
    Task<bool> CountStartAsync(StreamEntry entry, ConsumerPlace place, long deliveries, CancellationToken ct) => WaitOutAsync(
        entry,
        async () => (await redis.SendAsync(["XCLAIM", entry.Stream, place.Group, place.Name, 0, entry.Id, "RETRYCOUNT", deliveries, "JUSTID"], ct)).Items.Count > 0,
        ct);

    async Task<T> WaitOutAsync<T>(StreamEntry entry, Func<Task<T>> action, CancellationToken ct)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(25), TimeSpan.FromSeconds(1));
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await action();
            }
            catch (RedisException error) when (Outage.Is(error))
            {
                if (isFirst)
                {
                    StreamLog.HandlerWaits(log, entry.Text(Envelope.Type), entry.Id, entry.Stream, error.Message);
                }

                await Task.Delay(backoff.Next(), clock, ct);
            }
        }
    }
}
