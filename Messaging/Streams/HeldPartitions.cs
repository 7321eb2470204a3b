using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>The partitions that this process holds, and which of them the read under way covers. Both loops of AgentPartitions use it.</summary>
sealed class HeldPartitions(TimeProvider clock, CancellationToken abort)
{
    // A handler that takes longer is cancelled and its message redone by the next holder: the partition's other incidents cannot wait.
    static readonly TimeSpan s_leaving = TimeSpan.FromSeconds(5);

    readonly Lock _gate = new();
    readonly Dictionary<int, HeldPartition> _held = [];
    HeldPartition[] _reading = [];
    long _beatAt;
    int _version;
    int _readVersion;

    public HeldPartition[] All => Where(_ => true);

    public HeldPartition[] Ready => Where(partition => partition.IsReady);

    public HeldPartition[] Unprepared => Where(partition => !partition.IsReady);

    /// <summary>The read under way does not cover the present set.</summary>
    public bool IsReadStale
    {
        get
        {
            lock (_gate)
            {
                return _readVersion != _version;
            }
        }
    }

    /// <summary>Makes what we hold what Redis says we hold; returns what is lost.</summary>
    /// <param name="asked">When the heartbeat was sent, a timestamp.</param>
    public HeldPartition[] Apply(Heartbeat beat, long asked)
    {
        lock (_gate)
        {
            _beatAt = asked;
            HeldPartition[] lost = [.. _held.Values.Where(partition => !beat.Held.TryGetValue(partition.Index, out var now) || now.Epoch != partition.Epoch)];
            Remove(lost);
            foreach (var (index, (epoch, previous)) in beat.Held.Where(now => !_held.ContainsKey(now.Key)))
            {
                _held.Add(index, new HeldPartition(index, Keys.AgentPartition(index), epoch, abort) { PreviousReader = previous });
            }

            return lost;
        }
    }

    public void MarkReady(HeldPartition partition)
    {
        lock (_gate)
        {
            partition.IsReady = true;
            _version++;
        }
    }

    /// <summary>Marks what is above our share; returns what is marked, read no more and done, and thus not ours any more.</summary>
    public HeldPartition[] ShareOut(int share)
    {
        lock (_gate)
        {
            var i = 0;
            foreach (var partition in _held.Values.OrderBy(partition => partition.Index))
            {
                // Also the other way: one that was to leave stays when the share has grown again.
                var leaves = i++ >= share;
                if (leaves != partition.LeavingSince.HasValue)
                {
                    partition.LeavingSince = leaves ? clock.GetTimestamp() : null;
                    _version++;
                }
            }

            HeldPartition[] done = [.. _held.Values.Where(partition => partition.LeavingSince is { } since && !_reading.Contains(partition)
                && (partition.IsIdle || clock.GetElapsedTime(since) >= s_leaving))];
            Remove(done);
            return done;
        }
    }

    /// <summary>What the next read covers; none while it is not sure that anything is ours.</summary>
    public HeldPartition[] BeginRead()
    {
        lock (_gate)
        {
            // A process that was frozen does not know what it lost: it reads nothing before Redis has told it.
            var isSure = clock.GetElapsedTime(_beatAt) < Leases.Length;
            _reading = [.. _held.Values.Where(partition => isSure && partition is { IsReady: true, LeavingSince: null })];
            _readVersion = _version;
            return _reading;
        }
    }

    public void EndRead()
    {
        lock (_gate)
        {
            _reading = [];
        }
    }

    void Remove(HeldPartition[] partitions)
    {
        foreach (var partition in partitions)
        {
            _held.Remove(partition.Index);
            _version++;
        }
    }

    HeldPartition[] Where(Func<HeldPartition, bool> which)
    {
        lock (_gate)
        {
            return [.. _held.Values.Where(which)];
        }
    }
}
