namespace CityMonitor.Messaging.Streams;

/// <summary>A partition while this process holds its lease.</summary>
sealed class HeldPartition
{
    readonly CancellationTokenSource _lost;
    readonly HashSet<string> _inHand = new(StringComparer.Ordinal);

    public HeldPartition(int index, string stream, long epoch, CancellationToken abort)
    {
        (Index, Stream, Epoch) = (index, stream, epoch);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(abort);
        Lost = _lost.Token;
        Place = new ConsumerPlace(Groups.Agents, AgentPartitions.Holder, new Fence(PartitionLeases.Name(index), epoch));
    }

    public int Index { get; }
    public string Stream { get; }
    public long Epoch { get; }
    public ConsumerPlace Place { get; }

    /// <summary>Its pending entries are in hand: new ones may be read.</summary>
    public bool IsReady { get; set; }

    /// <summary>The reader of the holder before us; null where there was none.</summary>
    public string? PreviousReader { get; init; }

    /// <summary>Since when it is more than our share (a timestamp): read no more, give it back when what is in hand is done.</summary>
    public long? LeavingSince { get; set; }

    /// <summary>Fires when somebody else holds the partition: the handlers' token.</summary>
    public CancellationToken Lost { get; }

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

    public void Lose()
    {
        _lost.Cancel();
        _lost.Dispose();
    }
}
