namespace CityMonitor.Messaging.Streams;

/// <summary>A partition while this process holds its lease.</summary>
sealed class HeldPartition(int index, string stream, long epoch, CancellationToken abort) : IDisposable
{
    readonly CancellationTokenSource _lost = CancellationTokenSource.CreateLinkedTokenSource(abort);
    readonly HashSet<string> _inHand = new(StringComparer.Ordinal);

    public int Index => index;
    public string Stream => stream;
    public long Epoch => epoch;

    /// <summary>Its pending entries are in hand: new ones may be read.</summary>
    public bool IsReady { get; set; }

    /// <summary>The reader of the holder before us; null where there was none.</summary>
    public string? PreviousReader { get; init; }

    /// <summary>More than our share: read no more, give it back when what is in hand is done.</summary>
    public bool IsLeaving { get; set; }

    public CancellationToken Lost => _lost.Token;

    public ConsumerPlace Place { get; } = new(Groups.Agents, AgentPartitions.Holder, new Fence(PartitionLeases.Name(index), epoch));

    public bool IsIdle
    {
        get
        {
            lock (_inHand)
            {
                return _inHand.Count == 0;
            }
        }
    }

    /// <summary>False when the entry is in hand already.</summary>
    public bool Begin(string entryId)
    {
        lock (_inHand)
        {
            return _inHand.Add(entryId);
        }
    }

    public void End(string entryId)
    {
        lock (_inHand)
        {
            _inHand.Remove(entryId);
        }
    }

    public void Lose() => _lost.Cancel();

    public void Dispose() => _lost.Dispose();
}
