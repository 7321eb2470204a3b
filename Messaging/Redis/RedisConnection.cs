using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;

namespace CityMonitor.Messaging.Redis;

/// <summary>
/// One socket: commands go into a pipe that the write loop sends; the read loop gives each reply to the oldest command under way. When it
/// breaks, commands that were not yet given to the socket fail as not sent, all others as outcome unknown.
/// </summary>
sealed class RedisConnection : IAsyncDisposable
{
    // More than this unsent means that Redis or the network stands still: refuse instead of eating the process's memory.
    const long MostUnsent = 64 * 1024 * 1024;
    const int MostIdlePending = 1024;

    readonly Lock _gate = new();
    readonly Stream _stream;
    readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false));
    readonly Queue<PendingReply> _underWay = new();
    readonly Stack<PendingReply> _idle = new();
    readonly TaskCompletionSource<Exception> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TimeProvider _clock;
    readonly TimeSpan _replyTimeout;
    readonly ITimer _timer;
    readonly Task _loops;
    Exception? _broken;
    long _queuedBytes;
    long _sentBytes;

    public RedisConnection(Stream stream, TimeProvider clock, TimeSpan replyTimeout)
    {
        (_stream, _clock, _replyTimeout) = (stream, clock, replyTimeout);
        _timer = clock.CreateTimer(static state => ((RedisConnection)state!).CheckTimeout(), this, TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(250));
        _loops = Task.WhenAll(WriteLoopAsync(), ReadLoopAsync());
    }

    /// <summary>Completes with the reason when the connection is broken.</summary>
    public Task<Exception> Closed => _closed.Task;

    /// <summary>Redis' own number of this connection, for CLIENT UNBLOCK; 0 where nobody asked.</summary>
    public long Id { get; set; }

    /// <summary>False when the connection is broken: the command was not sent.</summary>
    public bool TrySend(ReadOnlySpan<RedisArg> command, CancellationToken ct, out ValueTask<RespValue> reply)
    {
        PendingReply pending;
        lock (_gate)
        {
            if (!CanSend(out reply))
            {
                return _broken is null;
            }

            var before = _out.Writer.UnflushedBytes;
            RespWriter.Write(_out.Writer, command);
            pending = Enqueue(_out.Writer.UnflushedBytes - before);
        }

        reply = pending.AwaitReply(ct);
        return true;
    }

    /// <summary>The same for a command that is already RESP.</summary>
    public bool TrySend(ReadOnlyMemory<byte> command, CancellationToken ct, out ValueTask<RespValue> reply)
    {
        PendingReply pending;
        lock (_gate)
        {
            if (!CanSend(out reply))
            {
                return _broken is null;
            }

            _out.Writer.Write(command.Span);
            pending = Enqueue(command.Length);
        }

        reply = pending.AwaitReply(ct);
        return true;
    }

    bool CanSend(out ValueTask<RespValue> refusal)
    {
        refusal = default;
        if (_broken is null && _queuedBytes - _sentBytes > MostUnsent)
        {
            refusal = ValueTask.FromException<RespValue>(new RedisUnavailableException("More than 64 MB wait to be sent to Redis; the command was not sent."));
            return false;
        }

        return _broken is null;
    }

    PendingReply Enqueue(long bytes)
    {
        if (!_idle.TryPop(out var pending))
        {
            pending = new PendingReply(this);
        }

        pending.Begin(_queuedBytes, _clock.GetTimestamp());
        _queuedBytes += bytes;
        _underWay.Enqueue(pending);

        // Without a pause threshold this completes at once; it only wakes the write loop.
        var flushed = _out.Writer.FlushAsync(CancellationToken.None);
        Debug.Assert(flushed.IsCompleted);
        return pending;
    }

    internal void Reuse(PendingReply pending)
    {
        lock (_gate)
        {
            if (_idle.Count < MostIdlePending)
            {
                _idle.Push(pending);
            }
        }
    }

    async Task WriteLoopAsync()
    {
        try
        {
            while (true)
            {
                var read = await _out.Reader.ReadAsync();
                foreach (var segment in read.Buffer)
                {
                    // Counted as sent before the write, piece by piece: what is counted may have reached Redis, the rest cannot have.
                    lock (_gate)
                    {
                        if (_broken is not null)
                        {
                            return;
                        }

                        _sentBytes += segment.Length;
                    }

                    await _stream.WriteAsync(segment);
                }

                await _stream.FlushAsync();
                _out.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception error)
        {
            // Whatever ends a loop ends the connection; its commands fail with the reason and the client opens a new one.
            Break(error);
        }
        finally
        {
            await _out.Reader.CompleteAsync();
        }
    }

    async Task ReadLoopAsync()
    {
        var input = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, minimumReadSize: 4 * 1024));
        var parser = new RespParser();
        try
        {
            while (true)
            {
                var read = await input.ReadAsync();
                var used = Dispatch(parser, read.Buffer);
                input.AdvanceTo(used, read.Buffer.End);
                if (read.IsCompleted)
                {
                    Break(new IOException("Redis closed the connection."));
                    return;
                }
            }
        }
        catch (Exception error)
        {
            // Whatever ends a loop ends the connection; its commands fail with the reason and the client opens a new one.
            Break(error);
        }
        finally
        {
            await input.CompleteAsync();
        }
    }

    SequencePosition Dispatch(RespParser parser, ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        while (parser.TryRead(ref reader, out var reply))
        {
            PendingReply? pending;
            lock (_gate)
            {
                _underWay.TryDequeue(out pending);
            }

            if (pending is null)
            {
                throw new RedisProtocolException("A reply without a command.");
            }

            // A replica: the primary is elsewhere by now, and only a new connection finds it.
            var isReplica = reply.IsError && reply.Bytes.Span.StartsWith("READONLY"u8);
            pending.Complete(reply);
            if (isReplica)
            {
                throw new IOException("Redis is a read-only replica here.");
            }
        }

        return reader.Position;
    }

    void CheckTimeout()
    {
        bool late;
        lock (_gate)
        {
            late = _underWay.TryPeek(out var oldest) && _clock.GetElapsedTime(oldest.SentAt) > _replyTimeout;
        }

        if (late)
        {
            // Replies come in order: when the oldest is overdue, Redis or the network hangs, and a new connection finds out which.
            Break(new TimeoutException($"Redis did not answer within {_replyTimeout.TotalSeconds:0.###} s."));
        }
    }

    /// <summary>Ends the connection and fails what is under way. Only the first reason counts.</summary>
    public void Break(Exception reason)
    {
        PendingReply[] unanswered;
        long sent;
        lock (_gate)
        {
            if (_broken is not null)
            {
                return;
            }

            _broken = reason;
            sent = _sentBytes;
            unanswered = [.. _underWay];
            _underWay.Clear();
            _out.Writer.Complete();
        }

        _timer.Dispose();
        _stream.Dispose();
        foreach (var pending in unanswered)
        {
            pending.Fail(pending.Offset >= sent
                ? new RedisUnavailableException($"The connection to Redis broke before the command was sent: {reason.Message}", reason)
                : new RedisOutcomeUnknownException($"The connection to Redis broke while the command was under way: {reason.Message}", reason));
        }

        _closed.TrySetResult(reason);
    }

    public async ValueTask DisposeAsync()
    {
        Break(new ObjectDisposedException(nameof(RedisConnection)));
        await _loops;
    }
}
