namespace CityMonitor.Messaging.Streams;

/// <summary>One in-order queue per root: the messages of one incident one after the other, different incidents side by side.</summary>
sealed class RootQueues
{
    readonly Lock _gate = new();
    readonly Dictionary<string, Queue<Func<Task>>> _queues = new(StringComparer.Ordinal);

    /// <summary>Work must not throw: what it protects itself against is its own matter.</summary>
    public void Add(string root, Func<Task> work)
    {
        lock (_gate)
        {
            if (_queues.TryGetValue(root, out var queue))
            {
                queue.Enqueue(work);
                return;
            }

            _queues.Add(root, new Queue<Func<Task>>());
        }

        // Ends when the queue is empty; Room counts its entries, so a stop waits for it.
        _ = RunAsync(root, work);
    }

    async Task RunAsync(string root, Func<Task> work)
    {
        await Task.Yield();
        while (true)
        {
            await work();
            lock (_gate)
            {
                if (!_queues[root].TryDequeue(out work!))
                {
                    _queues.Remove(root);
                    return;
                }
            }
        }
    }
}
