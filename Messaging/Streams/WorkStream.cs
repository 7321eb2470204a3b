using System.Collections.Concurrent;
using CityMonitor.Messaging.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// One of the competing consumers of a work stream: a blocking reader that takes no more than it can handle at once, a renewal of what
/// takes long, and a claim of what other consumers left for <paramref name="abandoned"/>.
/// </summary>
sealed class WorkStream(string stream, int concurrency, TimeSpan abandoned, RedisClient redis, Groups groups, EntryHandling handling, MessagingIdentity identity, TimeProvider clock, ILogger<WorkStream> log)
    : BackgroundService
{
    static readonly TimeSpan s_tick = TimeSpan.FromSeconds(1);
    const int BlockMilliseconds = 2000;

    readonly Room _room = new(concurrency);
    readonly ConcurrentDictionary<string, long> _inHand = new(StringComparer.Ordinal);
    readonly ConsumerPlace _place = new(Groups.Workers, identity.Instance, null);
    readonly CancellationTokenSource _abort = new();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The host's patience is over: what is still running is left pending for others.
        await using var registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _abort);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var drained = CancellationTokenSource.CreateLinkedTokenSource(_abort.Token);
        var upkeep = UpkeepAsync(stoppingToken, drained.Token);
        await using (var reader = redis.OpenReader())
        {
            var reading = ReadAsync(reader, stoppingToken);
            await Task.WhenAny(reading, Task.Delay(Timeout.Infinite, stoppingToken));
            await UnblockUntilEndedAsync(reader, reading);
        }

        await _room.EmptyAsync(_abort.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await drained.CancelAsync();
        await upkeep;
        StreamLog.ReaderEnded(log, stream);
    }

    async Task ReadAsync(RedisReader reader, CancellationToken stopping)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));
        var begun = false;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!begun)
                {
                    await groups.EnsureAsync(stream, _place.Group, stopping);
                    await TakePendingAsync(stopping);
                    begun = true;
                }

                await _room.WaitAsync(stopping);
                var reply = await reader.SendAsync(
                    ["XREADGROUP", "GROUP", _place.Group, _place.Name, "COUNT", Math.Max(1, _room.Free), "BLOCK", BlockMilliseconds, "STREAMS", stream, ">"], _abort.Token);
                foreach (var entry in StreamEntry.OfRead(reply))
                {
                    Take(entry);
                }

                backoff.Reset();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested || _abort.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // NOGROUP after a wipe, WRONGTYPE, a break: all are mended by beginning again. What a lost reply handed out is pending.
                StreamLog.ReadInterrupted(log, stream, error.Message, error is RedisException ? null : error);
                begun = false;
                await Task.Delay(backoff.Next(), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    async Task UnblockUntilEndedAsync(RedisReader reader, Task reading)
    {
        while (!reading.IsCompleted && !_abort.IsCancellationRequested)
        {
            // Where Redis is away the read ends by itself, sooner than a command that waits for a connection.
            await Task.WhenAny(reading, reader.TryUnblockAsync(CancellationToken.None));
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(20), clock));
        }

        await reading;
    }

    /// <summary>What Redis handed to this consumer and never arrived.</summary>
    async Task TakePendingAsync(CancellationToken ct)
    {
        string? after = null;
        while (true)
        {
            await _room.WaitAsync(ct);
            var pending = await groups.PendingAsync(stream, _place.Group, _place.Name, TimeSpan.Zero, after, 100, ct);
            foreach (var entry in pending)
            {
                await _room.WaitAsync(ct);
                Take(entry);
                after = entry.Id;
            }

            if (pending.Count == 0)
            {
                return;
            }
        }
    }

    void Take(StreamEntry entry)
    {
        if (_inHand.TryAdd(entry.Id, clock.GetTimestamp()))
        {
            _room.Enter();

            // Owned by _room: a stop waits until it is empty.
            _ = HandleAsync(entry);
        }
    }

    async Task HandleAsync(StreamEntry entry)
    {
        await Task.Yield();
        try
        {
            var message = Envelope.Read(entry, out var problem);
            await handling.RunAsync(entry, message, problem, _place, _abort.Token);
        }
        finally
        {
            _inHand.TryRemove(entry.Id, out _);
            _room.Leave();
        }
    }

    async Task UpkeepAsync(CancellationToken stopping, CancellationToken ct)
    {
        var cursor = "0-0";
        while (!ct.IsCancellationRequested)
        {
            await Task.Delay(s_tick, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                var slow = _inHand.Where(entry => clock.GetElapsedTime(entry.Value) >= s_tick).Select(entry => entry.Key).ToArray();
                if (slow.Length > 0)
                {
                    await groups.RenewAsync(stream, _place.Group, _place.Name, slow, ct);
                }

                if (!stopping.IsCancellationRequested && _room.Free is > 0 and var free)
                {
                    (cursor, var entries) = await groups.ClaimAsync(stream, _place.Group, _place.Name, abandoned, cursor, free, ct);
                    entries.ForEach(Take);
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The next round must come: without it, long handlers would lose their entries to others.
                StreamLog.ReadInterrupted(log, stream, error.Message, error is RedisException ? null : error);
            }
        }
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }
}
