using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// This process's share of cm:agent:{p}. Two loops: the lease loop beats each second, takes, loses and gives back partitions; the read
/// loop reads all that are ready with one blocking read. A set that changes ends the wait.
/// </summary>
sealed class AgentPartitions : BackgroundService
{
    /// <summary>All holders read under one consumer name: the lease says who it is, and what is pending passes on with it.</summary>
    public const string Holder = "holder";

    const int BlockMilliseconds = 2000;
    const int MostInHand = 2048;
    const int Batch = 128;
    static readonly TimeSpan s_forgotten = TimeSpan.FromSeconds(5);

    readonly RootQueues _queues = new();
    readonly Room _room = new(MostInHand);
    readonly CancellationTokenSource _abort = new();
    readonly HeldPartitions _held;
    readonly RedisClient _redis;
    readonly Groups _groups;
    readonly EntryHandling _handling;
    readonly PartitionLeases _leases;
    readonly TimeProvider _clock;
    readonly ILogger<AgentPartitions> _log;
    volatile bool _recheck;

    public AgentPartitions(RedisClient redis, Groups groups, EntryHandling handling, MessagingIdentity identity, TimeProvider clock, ILogger<AgentPartitions> log)
    {
        (_redis, _groups, _handling, _clock, _log) = (redis, groups, handling, clock, log);
        _leases = new PartitionLeases(redis, identity.Instance);
        _held = new HeldPartitions(clock, _abort.Token);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // The host's patience is over: what is still running is left pending for the next holder.
        await using var registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _abort);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await using var reader = _redis.OpenReader();
        using var drained = CancellationTokenSource.CreateLinkedTokenSource(_abort.Token);
        var leasing = LeaseLoopAsync(reader, stoppingToken, drained.Token);

        // A read that is cut off loses nothing: what it was handed is pending, and the next holder begins with that.
        await ReadLoopAsync(reader, stoppingToken);
        await _room.EmptyAsync(_abort.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await drained.CancelAsync();
        await leasing;
        await GiveBackAllAsync(reader);
        StreamLog.ReaderEnded(_log, "cm:agent");
    }

    async Task LeaseLoopAsync(RedisReader reader, CancellationToken stopping, CancellationToken ct)
    {
        var sinceCheck = _clock.GetTimestamp();
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await BeatAsync(reader, stopping.IsCancellationRequested, ct);
                if (_clock.GetElapsedTime(sinceCheck) >= s_forgotten && !stopping.IsCancellationRequested)
                {
                    sinceCheck = _clock.GetTimestamp();
                    await TakePendingAsync(_held.Ready, s_forgotten, ct);
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever it was, the next beat must come: without it every partition of this process would lapse.
                StreamLog.LeasesWait(_log, error.Message, error is RedisException ? null : error);
            }

            // A stop does not wait for the next second: what is idle is given back at once, the rest as its work ends.
            var (pause, end) = stopping.IsCancellationRequested ? (TimeSpan.FromMilliseconds(100), ct) : (Leases.RenewEvery, stopping);
            await Task.Delay(pause, _clock, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One heartbeat and what follows from its answer.</summary>
    async Task BeatAsync(RedisReader reader, bool isStopping, CancellationToken ct)
    {
        var asked = _clock.GetTimestamp();
        var beat = await _leases.BeatAsync(reader.Name, !isStopping, [.. _held.All.Select(partition => (partition.Index, partition.Epoch))], ct);
        foreach (var partition in _held.Apply(beat, asked))
        {
            StreamLog.PartitionLost(_log, partition.Index, partition.Epoch);
            partition.Lose();
        }

        await PrepareAsync(reader, ct);
        await ReleaseAsync(_held.ShareOut(isStopping ? 0 : beat.Share), ct);

        // Until the read loop has seen the present set, so a new partition waits for no time-out.
        for (var i = 0; i < 100 && _held.IsReadStale && !isStopping; i++)
        {
            await reader.TryUnblockAsync(ct);
            await Task.Delay(TimeSpan.FromMilliseconds(5), _clock, ct);
        }
    }

    /// <summary>Before the first new entry of a partition is read, the previous holder's read is ended and all that it left is in hand.</summary>
    async Task PrepareAsync(RedisReader reader, CancellationToken ct)
    {
        var taken = _held.Unprepared;
        foreach (var previous in taken.Select(partition => partition.PreviousReader).OfType<string>().Where(name => name != reader.Name).Distinct())
        {
            await _leases.EndReaderAsync(previous, ct);
        }

        foreach (var partition in taken)
        {
            await _groups.EnsureAsync(partition.Stream, Groups.Agents, ct);
            await TakePendingAsync([partition], TimeSpan.Zero, ct);
            _held.MarkReady(partition);
        }

        if (taken.Length > 0)
        {
            StreamLog.PartitionsTaken(_log, string.Join(' ', taken.Select(partition => partition.Index)), _held.All.Length);
        }
    }

    async Task ReleaseAsync(HeldPartition[] done, CancellationToken ct)
    {
        foreach (var partition in done)
        {
            partition.Lose();
            await _leases.ReleaseAsync(partition.Index, partition.Epoch, ct);
        }

        if (done.Length > 0)
        {
            StreamLog.PartitionsReleased(_log, string.Join(' ', done.Select(partition => partition.Index)));
        }
    }

    async Task ReadLoopAsync(RedisReader reader, CancellationToken stopping)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1));
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(stopping);
                await RecheckAsync(stopping);
                await reader.ConnectAsync(stopping);

                // From here to the send no new connection: a frozen process may wake up between the two, and its next holder has ended this one.
                var reading = _held.BeginRead();
                if (reading.Length == 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), _clock, stopping);
                    continue;
                }

                Take(reading, await reader.SendConnectedAsync(
                    ["XREADGROUP", "GROUP", Groups.Agents, Holder, "COUNT", Batch, "BLOCK", BlockMilliseconds, "STREAMS",
                        .. reading.Select(partition => (RedisArg)partition.Stream), .. reading.Select(_ => (RedisArg)">")],
                    stopping));
                backoff.Reset();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // A break, NOGROUP after a wipe, a key that is no stream: all are mended by checking each partition again.
                StreamLog.ReadInterrupted(_log, "cm:agent", error.Message, error is RedisException ? null : error);
                _recheck = true;
                await Task.Delay(backoff.Next(), _clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                _held.EndRead();
            }
        }
    }

    /// <summary>After an interrupted read: groups that are missing, and replies that were lost on the way (handed out, never arrived).</summary>
    async Task RecheckAsync(CancellationToken ct)
    {
        if (_recheck)
        {
            foreach (var partition in _held.Ready)
            {
                await _groups.EnsureAsync(partition.Stream, Groups.Agents, ct);
            }

            await TakePendingAsync(_held.Ready, TimeSpan.Zero, ct);
            _recheck = false;
        }
    }

    async Task TakePendingAsync(HeldPartition[] partitions, TimeSpan idle, CancellationToken ct)
    {
        foreach (var partition in partitions)
        {
            string? after = null;
            List<StreamEntry> pending;
            do
            {
                pending = await _groups.PendingAsync(partition.Stream, Groups.Agents, null, idle, after, Batch, ct);
                foreach (var entry in pending)
                {
                    Take(partition, entry);
                    after = entry.Id;
                }
            }
            while (pending.Count > 0);
        }
    }

    void Take(HeldPartition[] reading, RespValue reply)
    {
        HeldPartition? partition = null;
        foreach (var entry in StreamEntry.OfRead(reply))
        {
            if (partition?.Stream != entry.Stream)
            {
                partition = Array.Find(reading, held => held.Stream == entry.Stream)!;
            }

            Take(partition, entry);
        }
    }

    void Take(HeldPartition partition, StreamEntry entry)
    {
        // Lost while the read was under way: its next holder finds the entry pending. In hand already: it was read twice.
        if (partition.Lost.IsCancellationRequested || !partition.Begin(entry.Id))
        {
            return;
        }

        _room.Enter();
        var message = Envelope.Read(entry, out var problem);
        var root = (message as AgentMessage)?.Root ?? entry.Id;
        _queues.Add(root, () => HandleAsync(partition, entry, message, problem));
    }

    async Task HandleAsync(HeldPartition partition, StreamEntry entry, Message? message, string? problem)
    {
        try
        {
            if (!partition.Lost.IsCancellationRequested)
            {
                await _handling.RunAsync(entry, message, problem, partition.Place, partition.Lost);
            }
        }
        finally
        {
            partition.End(entry.Id);
            _room.Leave();
        }
    }

    async Task GiveBackAllAsync(RedisReader reader)
    {
        using var patience = new CancellationTokenSource(Leases.RenewEvery, _clock);
        try
        {
            await _leases.BeatAsync(reader.Name, wants: false, [], patience.Token);
            await ReleaseAsync(_held.All, patience.Token);
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException or ObjectDisposedException)
        {
            // They lapse by themselves within 3 s.
            StreamLog.LeasesWait(_log, error.Message, null);
        }
    }

    public override void Dispose()
    {
        _abort.Dispose();
        base.Dispose();
    }
}
