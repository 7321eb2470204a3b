using System.Buffers;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Redis;

/// <summary>One pipelined connection for commands, shared by the process, and one of its own per blocking reader. Reconnects with backoff.</summary>
public sealed class RedisClient : IAsyncDisposable
{
    static readonly TimeSpan s_longestBackoff = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    readonly CancellationTokenSource _disposed = new();
    readonly RedisConnector _connector;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly string _name = $"cm-{Environment.ProcessId}-{Guid.NewGuid():N}";
    volatile RedisConnection? _current;
    TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Exception? _lastError;
    Task? _keeping;
    int _readers;

    public RedisClient(RedisOptions options, TimeProvider clock, ILogger<RedisClient> log)
    {
        (_connector, _clock, _log) = (new RedisConnector(options, clock), clock, log);
    }

    /// <summary>Sends one command: <c>await redis.SendAsync(["SET", key, value], ct)</c>. Waits for a connection up to the connect timeout.</summary>
    /// <exception cref="RedisServerException">Redis answered with an error.</exception>
    /// <exception cref="RedisUnavailableException">Not sent: no connection.</exception>
    /// <exception cref="RedisOutcomeUnknownException">Sent, and the connection broke or the command timeout was over before the answer.</exception>
    public ValueTask<RespValue> SendAsync(ReadOnlySpan<RedisArg> command, CancellationToken ct = default)
    {
        if (ct.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<RespValue>(ct);
        }

        return _current is { } connection && connection.TrySend(command, ct, out var reply) ? reply : SendWhenConnectedAsync(Encode(command), ct);
    }

    /// <summary>Runs a script by its hash, loading it where Redis does not know it.</summary>
    public ValueTask<RespValue> RunAsync(RedisScript script, ReadOnlySpan<RedisArg> keys, ReadOnlySpan<RedisArg> args, CancellationToken ct = default)
    {
        var command = new RedisArg[3 + keys.Length + args.Length];
        command[0] = "EVALSHA";
        command[1] = script.Sha1;
        command[2] = keys.Length;
        keys.CopyTo(command.AsSpan(3));
        args.CopyTo(command.AsSpan(3 + keys.Length));
        return RunAsync(script, command, ct);
    }

    async ValueTask<RespValue> RunAsync(RedisScript script, RedisArg[] command, CancellationToken ct)
    {
        try
        {
            return await SendAsync(command, ct);
        }
        catch (RedisServerException error) when (error.Code == "NOSCRIPT")
        {
            // A restarted Redis forgot its scripts; EVAL runs this one and keeps it.
            command[0] = "EVAL";
            command[1] = script.Lua;
            return await SendAsync(command, ct);
        }
    }

    /// <summary>A connection of its own for one blocking reader (XREADGROUP BLOCK ...); reconnects at the next command after a break.</summary>
    public RedisReader OpenReader() => new(this, _connector, $"{_name}-r{Interlocked.Increment(ref _readers)}");

    async ValueTask<RespValue> SendWhenConnectedAsync(ReadOnlyMemory<byte> command, CancellationToken ct)
    {
        var start = _clock.GetTimestamp();
        while (true)
        {
            var connection = await ConnectedAsync(_connector.Options.ConnectTimeout - _clock.GetElapsedTime(start), ct);
            if (connection.TrySend(command, ct, out var reply))
            {
                return await reply;
            }

            // Broken, and KeepConnectedAsync has not noticed yet: without this we would spin until it does.
            Withdraw(connection, null);
        }
    }

    async Task<RedisConnection> ConnectedAsync(TimeSpan patience, CancellationToken ct)
    {
        while (true)
        {
            Task connected;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
                if (_current is { } connection)
                {
                    return connection;
                }

                _keeping ??= KeepConnectedAsync(_disposed.Token);
                connected = _connected.Task;
            }

            try
            {
                await connected.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, _clock, ct);
            }
            catch (TimeoutException)
            {
                throw new RedisUnavailableException(_lastError?.Message ?? $"No connection to Redis at {_connector.Options}.", _lastError);
            }
        }
    }

    async Task KeepConnectedAsync(CancellationToken ct)
    {
        await Task.Yield();
        var backoff = new Backoff(TimeSpan.FromMilliseconds(25), s_longestBackoff);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _connector.ConnectAsync(_name, _connector.Options.CommandTimeout, ct);
                if (await RedisSuitability.CheckAsync(connection, _connector.Options, ct) is { } warning)
                {
                    Log.Unsuitable(_log, warning);
                }

                var since = _clock.GetTimestamp();
                Log.Connected(_log, _connector.Options);
                Publish(connection);
                var reason = await connection.Closed.WaitAsync(ct);
                Withdraw(connection, reason);
                Log.Lost(_log, _connector.Options, reason.Message);
                if (_clock.GetElapsedTime(since) > s_longestBackoff)
                {
                    backoff.Reset();
                }
            }
            catch (RedisException error)
            {
                Refuse(error);
                Log.CannotConnect(_log, error.Message);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(backoff.Next(), _clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    void Publish(RedisConnection connection)
    {
        lock (_gate)
        {
            _current = connection;
            _lastError = null;
            _connected.TrySetResult();
        }
    }

    /// <summary>A wrong password or certificate does not mend itself within the time a command waits: who waits is told at once.</summary>
    void Refuse(RedisException error)
    {
        lock (_gate)
        {
            _lastError = error;
            if (error.InnerException is AuthenticationException or RedisServerException { Code: "NOAUTH" or "WRONGPASS" })
            {
                _connected.TrySetException(error);
                _ = _connected.Task.Exception;
                _connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    void Withdraw(RedisConnection connection, Exception? reason)
    {
        lock (_gate)
        {
            _lastError = reason ?? _lastError;
            if (_current == connection)
            {
                _current = null;
                _connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    internal static ReadOnlyMemory<byte> Encode(ReadOnlySpan<RedisArg> command)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        RespWriter.Write(buffer, command);
        return buffer.WrittenMemory;
    }

    public async ValueTask DisposeAsync()
    {
        Task? keeping;
        lock (_gate)
        {
            if (_disposed.IsCancellationRequested)
            {
                return;
            }

            keeping = _keeping;
            _disposed.Cancel();
            _connected.TrySetException(new ObjectDisposedException(nameof(RedisClient)));
        }

        await (keeping ?? Task.CompletedTask);
        _ = _connected.Task.Exception;
    }
}

static partial class Log
{
    [LoggerMessage(1001, LogLevel.Information, "Connected to Redis at {Redis}")]
    public static partial void Connected(ILogger log, RedisOptions redis);

    [LoggerMessage(1002, LogLevel.Warning, "Lost the connection to Redis at {Redis}: {Reason}")]
    public static partial void Lost(ILogger log, RedisOptions redis, string reason);

    [LoggerMessage(1004, LogLevel.Warning, "{Problem}")]
    public static partial void Unsuitable(ILogger log, string problem);

    [LoggerMessage(1003, LogLevel.Warning, "{Reason}")]
    public static partial void CannotConnect(ILogger log, string reason);
}
