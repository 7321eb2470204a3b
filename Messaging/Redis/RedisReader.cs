namespace CityMonitor.Messaging.Redis;

/// <summary>One blocking command at a time; the token of a call ends the wait and drops the connection.</summary>
public sealed class RedisReader : IAsyncDisposable
{
    readonly RedisClient _client;
    readonly RedisConnector _connector;
    volatile RedisConnection? _connection;

    internal RedisReader(RedisClient client, RedisConnector connector, string name) => (_client, _connector, Name) = (client, connector, name);

    /// <summary>The connection's name in CLIENT LIST.</summary>
    internal string Name { get; }

    /// <summary>Sends one command and waits for its answer, at most the reader timeout: BLOCK must be shorter.</summary>
    /// <remarks>Cancelling drops the connection, and with it what Redis may just have handed out; <see cref="UnblockAsync"/> does not.</remarks>
    public ValueTask<RespValue> SendAsync(ReadOnlySpan<RedisArg> command, CancellationToken ct) => SendAsync(RedisClient.Encode(command), ct);

    /// <summary>Ends the current wait as its time-out would: the command answers null. True when something was waiting.</summary>
    public async Task<bool> UnblockAsync(CancellationToken ct)
    {
        var id = _connection?.Id ?? 0;
        return id != 0 && (await _client.SendAsync(["CLIENT", "UNBLOCK", id], ct)).Number == 1;
    }

    /// <summary>The same where it does not matter whether it works: the wait then ends by its own time-out.</summary>
    internal async Task TryUnblockAsync(CancellationToken ct)
    {
        try
        {
            await UnblockAsync(ct);
        }
        catch (RedisException)
        {
            // Redis is away, or forbids CLIENT.
        }
    }

    /// <summary>Connects where there is no connection. What <see cref="SendAsync(ReadOnlySpan{RedisArg}, CancellationToken)"/> does by itself.</summary>
    internal async ValueTask ConnectAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (_connection is not { Closed.IsCompleted: false })
        {
            _connection = await _connector.ConnectAsync(Name, _connector.Options.ReaderTimeout, ct);
        }
    }

    /// <summary>
    /// Sends on the connection that is there, never on a new one: for a read that is only allowed while nobody has ended this reader's
    /// connection (a partition's next holder does).
    /// </summary>
    internal ValueTask<RespValue> SendConnectedAsync(ReadOnlySpan<RedisArg> command, CancellationToken ct) => SendConnectedAsync(RedisClient.Encode(command), ct);

    async ValueTask<RespValue> SendAsync(ReadOnlyMemory<byte> command, CancellationToken ct)
    {
        await ConnectAsync(ct);
        return await SendConnectedAsync(command, ct);
    }

    async ValueTask<RespValue> SendConnectedAsync(ReadOnlyMemory<byte> command, CancellationToken ct)
    {
        if (_connection is not { } connection || !connection.TrySend(command, CancellationToken.None, out var reply))
        {
            throw new RedisUnavailableException("The reader's connection to Redis is broken; the command was not sent.");
        }

        await using var cancellation = ct.UnsafeRegister(
            static (state, token) => ((RedisConnection)state!).Break(new OperationCanceledException(token)), connection);
        try
        {
            return await reply;
        }
        catch (RedisException) when (ct.IsCancellationRequested)
        {
            throw new OperationCanceledException(ct);
        }
    }

    public ValueTask DisposeAsync() => _connection?.DisposeAsync() ?? default;
}
