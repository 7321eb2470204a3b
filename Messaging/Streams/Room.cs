namespace CityMonitor.Messaging.Streams;

/// <summary>Counts the entries in hand: a reader waits until there is room, a stop waits until there are none.</summary>
sealed class Room(int limit)
{
    readonly Lock _gate = new();
    TaskCompletionSource? _changed;
    int _count;

    public int Free
    {
        get
        {
            lock (_gate)
            {
                return limit - _count;
            }
        }
    }

    public void Enter()
    {
        lock (_gate)
        {
            _count++;
        }
    }

    public void Leave()
    {
        TaskCompletionSource? changed = null;
        lock (_gate)
        {
            _count--;
            if (_count < limit)
            {
                (changed, _changed) = (_changed, null);
            }
        }

        changed?.TrySetResult();
    }

    /// <summary>Until at least one more may enter.</summary>
    public Task WaitAsync(CancellationToken ct) => WaitAsync(count => count < limit, ct);

    public Task EmptyAsync(CancellationToken ct) => WaitAsync(count => count == 0, ct);

    async Task WaitAsync(Func<int, bool> enough, CancellationToken ct)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (enough(_count))
                {
                    return;
                }

                _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _changed.Task;
            }

            await changed.WaitAsync(ct);
        }
    }
}
