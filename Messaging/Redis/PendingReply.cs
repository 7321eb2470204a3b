using System.Threading.Tasks.Sources;

namespace CityMonitor.Messaging.Redis;

/// <summary>
/// A command under way. Reused: it goes back to its connection when both sides are done with it, the reply's (which takes its place in
/// the queue even after its caller gave up) and the caller's.
/// </summary>
sealed class PendingReply(RedisConnection owner) : IValueTaskSource<RespValue>
{
    // Callers go on on the thread pool: the read loop must not run their code.
    ManualResetValueTaskSourceCore<RespValue> _core = new() { RunContinuationsAsynchronously = true };
    CancellationTokenRegistration _cancellation;
    int _completed;
    int _sides;

    /// <summary>Where in the connection's byte stream the command starts.</summary>
    public long Offset { get; private set; }

    public long SentAt { get; private set; }

    public void Begin(long offset, long sentAt)
    {
        (Offset, SentAt, _completed, _sides) = (offset, sentAt, 0, 2);
        _core.Reset();
    }

    public ValueTask<RespValue> AwaitReply(CancellationToken ct)
    {
        if (ct.CanBeCanceled)
        {
            _cancellation = ct.UnsafeRegister(static (state, token) => ((PendingReply)state!).TryFail(new OperationCanceledException(token)), this);
        }

        return new ValueTask<RespValue>(this, _core.Version);
    }

    public void Complete(RespValue reply)
    {
        if (reply.IsError)
        {
            TryFail(reply.ToException());
        }
        else if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _core.SetResult(reply);
        }

        Release();
    }

    public void Fail(Exception error)
    {
        TryFail(error);
        Release();
    }

    void TryFail(Exception error)
    {
        if (Interlocked.Exchange(ref _completed, 1) == 0)
        {
            _core.SetException(error);
        }
    }

    void Release()
    {
        if (Interlocked.Decrement(ref _sides) == 0)
        {
            owner.Reuse(this);
        }
    }

    RespValue IValueTaskSource<RespValue>.GetResult(short token)
    {
        try
        {
            // Waits for a cancellation that is running: after this line nobody else holds this object for the caller's side.
            _cancellation.Dispose();
            _cancellation = default;
            return _core.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<RespValue>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RespValue>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
