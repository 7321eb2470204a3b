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

    // A handler that takes longer is cancelled and its message redone by the next holder: the partition's other incidents cannot wait.
    static readonly TimeSpan s_leaving = TimeSpan.FromSeconds(5);

    readonly Lock _gate = new();
    readonly Dictionary<int, HeldPartition> _held = [];
    readonly RootQueues _queues = new();
    readonly Room _room = new(MostInHand);
    readonly CancellationTokenSource _abort = new();
    readonly RedisClient _redis;
    readonly Groups _groups;
    readonly EntryHandling _handling;
    readonly PartitionLeases _leases;
    readonly TimeProvider _clock;
    readonly ILogger<AgentPartitions> _log;
    HashSet<HeldPartition> _reading = [];
    long _beatAt;
    int _version;
    volatile int _readVersion;
    volatile bool _recheck;

    public AgentPartitions(RedisClient redis, Groups groups, EntryHandling handling, MessagingIdentity identity, TimeProvider clock, ILogger<AgentPartitions> log)
    {
        (_redis, _groups, _handling, _clock, _log) = (redis, groups, handling, clock, log);
        _leases = new PartitionLeases(redis, identity.Instance);
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
                (int, long)[] held;
                lock (_gate)
                {
                    held = [.. _held.Values.Select(partition => (partition.Index, partition.Epoch))];
                }

                var asked = _clock.GetTimestamp();
                var beat = await _leases.BeatAsync(reader.Name, !stopping.IsCancellationRequested, held, ct);
                Apply(beat, asked);
                await PrepareAsync(reader, ct);
                await ShareOutAsync(beat.Share, ct);
                await UnblockAsync(reader, ct);
                if (_clock.GetElapsedTime(sinceCheck) >= s_forgotten)
                {
                    sinceCheck = _clock.GetTimestamp();
                    await TakeForgottenAsync(s_forgotten, ct);
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

            await Task.Delay(Leases.RenewEvery, _clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Makes what we hold what Redis says we hold.</summary>
    void Apply(Heartbeat beat, long asked)
    {
        List<HeldPartition> lost;
        lock (_gate)
        {
            _beatAt = asked;
            lost = [.. _held.Values.Where(partition => !beat.Held.TryGetValue(partition.Index, out var now) || now.Epoch != partition.Epoch)];
            lost.ForEach(partition => _held.Remove(partition.Index));
            foreach (var (index, (epoch, previous)) in beat.Held.Where(now => !_held.ContainsKey(now.Key)))
            {
                _held.Add(index, new HeldPartition(index, Keys.AgentPartition(index), epoch, _abort.Token) { PreviousReader = previous });
            }

            _version += lost.Count > 0 ? 1 : 0;
        }

        foreach (var partition in lost)
        {
            StreamLog.PartitionLost(_log, partition.Index, partition.Epoch);
            partition.Lose();
        }
    }

    /// <summary>Before the first new entry of a partition is read, the previous holder's read is ended and all that it left is in hand.</summary>
    async Task PrepareAsync(RedisReader reader, CancellationToken ct)
    {
        var taken = Held(partition => !partition.IsReady);
        foreach (var previous in taken.Select(partition => partition.PreviousReader).OfType<string>().Where(name => name != reader.Name).Distinct())
        {
            await _leases.EndReaderAsync(previous, ct);
        }

        foreach (var partition in taken)
        {
            await _groups.EnsureAsync(partition.Stream, Groups.Agents, ct);
            await TakePendingAsync(partition, TimeSpan.Zero, ct);
            lock (_gate)
            {
                partition.IsReady = true;
                _version++;
            }
        }

        if (taken.Length > 0)
        {
            StreamLog.PartitionsTaken(_log, string.Join(' ', taken.Select(partition => partition.Index)), Held(_ => true).Length);
        }
    }

    /// <summary>Marks what is above our share, and gives back what is marked, read no more and done.</summary>
    async Task ShareOutAsync(int share, CancellationToken ct)
    {
        List<HeldPartition> done;
        lock (_gate)
        {
            var i = 0;
            foreach (var partition in _held.Values.OrderBy(partition => partition.Index))
            {
                // Also the other way: one that was to leave stays when the share has grown again.
                var leaves = i++ >= share;
                if (leaves != partition.LeavingSince.HasValue)
                {
                    partition.LeavingSince = leaves ? _clock.GetTimestamp() : null;
                    _version++;
                }
            }

            done = [.. _held.Values.Where(partition => partition.LeavingSince is { } since && !_reading.Contains(partition)
                && (partition.IsIdle || _clock.GetElapsedTime(since) >= s_leaving))];
            done.ForEach(partition => _held.Remove(partition.Index));
        }

        foreach (var partition in done)
        {
            partition.Lose();
            await _leases.ReleaseAsync(partition.Index, partition.Epoch, ct);
        }

        if (done.Count > 0)
        {
            StreamLog.PartitionsReleased(_log, string.Join(' ', done.Select(partition => partition.Index)));
        }
    }

    /// <summary>Ends the read loop's wait until it has seen the present set, so a new partition waits for no time-out.</summary>
    async Task UnblockAsync(RedisReader reader, CancellationToken ct)
    {
        for (var i = 0; i < 100 && _readVersion != Volatile.Read(ref _version); i++)
        {
            await reader.TryUnblockAsync(ct);
            await Task.Delay(TimeSpan.FromMilliseconds(5), _clock, ct);
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
                if (_recheck)
                {
                    await RecheckAsync(stopping);
                }

                var command = BeginRead();
                if (command is null)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), _clock, stopping);
                    continue;
                }

                Take(await reader.SendAsync(command, stopping));
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
                lock (_gate)
                {
                    _reading = [];
                }
            }
        }
    }

    /// <summary>Null where there is nothing to read now.</summary>
    RedisArg[]? BeginRead()
    {
        lock (_gate)
        {
            // A process that was frozen does not know what it lost: it reads nothing before Redis has told it.
            var isSure = _clock.GetElapsedTime(_beatAt) < Leases.Length;
            _reading = [.. _held.Values.Where(partition => isSure && partition is { IsReady: true, LeavingSince: null })];
            _readVersion = _version;
            return _reading.Count == 0
                ? null
                : ["XREADGROUP", "GROUP", Groups.Agents, Holder, "COUNT", Batch, "BLOCK", BlockMilliseconds, "STREAMS",
                    .. _reading.Select(partition => (RedisArg)partition.Stream), .. _reading.Select(_ => (RedisArg)">")];
        }
    }

    async Task RecheckAsync(CancellationToken ct)
    {
        foreach (var partition in Held(partition => partition.IsReady))
        {
            await _groups.EnsureAsync(partition.Stream, Groups.Agents, ct);

            // A reply that was lost on the way: handed out, never arrived.
            await TakePendingAsync(partition, TimeSpan.Zero, ct);
        }

        _recheck = false;
    }

    async Task TakeForgottenAsync(TimeSpan idle, CancellationToken ct)
    {
        foreach (var partition in Held(partition => partition.IsReady))
        {
            await TakePendingAsync(partition, idle, ct);
        }
    }

    async Task TakePendingAsync(HeldPartition partition, TimeSpan idle, CancellationToken ct)
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

    void Take(RespValue reply)
    {
        HeldPartition? partition = null;
        foreach (var entry in StreamEntry.OfRead(reply))
        {
            if (partition?.Stream != entry.Stream)
            {
                partition = Held(held => held.Stream == entry.Stream).FirstOrDefault();
            }

            // Lost while the read was under way: its next holder finds the entry pending.
            if (partition is not null)
            {
                Take(partition, entry);
            }
        }
    }

    void Take(HeldPartition partition, StreamEntry entry)
    {
        if (!partition.Begin(entry.Id))
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
        catch (RedisException error)
        {
            // A refusal that waiting does not mend (a wrong type under cm:dead): the entry stays pending and comes again.
            StreamLog.ReadInterrupted(_log, partition.Stream, error.Message, null);
        }
        finally
        {
            partition.End(entry.Id);
            _room.Leave();
        }
    }

    HeldPartition[] Held(Func<HeldPartition, bool> which)
    {
        lock (_gate)
        {
            return [.. _held.Values.Where(which)];
        }
    }

    async Task GiveBackAllAsync(RedisReader reader)
    {
        using var patience = new CancellationTokenSource(Leases.RenewEvery, _clock);
        try
        {
            await _leases.BeatAsync(reader.Name, wants: false, [], patience.Token);
            foreach (var partition in Held(_ => true))
            {
                await _leases.ReleaseAsync(partition.Index, partition.Epoch, patience.Token);
            }
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException or ObjectDisposedException)
        {
            // They lapse by themselves within 3 s.
            StreamLog.LeasesWait(_log, error.Message, null);
        }
    }

    public override void Dispose()
    {
        foreach (var partition in _held.Values)
        {
            partition.Dispose();
        }

        _abort.Dispose();
        base.Dispose();
    }
}
