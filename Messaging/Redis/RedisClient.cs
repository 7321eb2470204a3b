using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Redis;

/// <summary>One pipelined connection for commands, shared by the process, and one of its own per blocking reader. Reconnects with backoff.</summary>
public sealed class RedisClient(RedisOptions options, TimeProvider clock, ILogger<RedisClient> log) : IAsyncDisposable
{
    /// <summary>Sends one command: <c>await redis.SendAsync(["SET", key, value], ct)</c>. Throws a <see cref="RedisException"/>.</summary>
    public ValueTask<RespValue> SendAsync(ReadOnlySpan<RedisArg> command, CancellationToken ct = default) => throw new NotSupportedException(options.Host + clock + log);

    /// <summary>Runs a script by its hash, loading it where Redis does not know it.</summary>
    public ValueTask<RespValue> RunAsync(RedisScript script, ReadOnlySpan<RedisArg> keys, ReadOnlySpan<RedisArg> args, CancellationToken ct = default) => throw new NotSupportedException();

    /// <summary>A connection of its own for one blocking reader (XREADGROUP BLOCK ...); reconnects at the next command after a break.</summary>
    public RedisReader OpenReader() => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>One blocking command at a time; <paramref name="ct"/> of a call ends the wait and drops the connection.</summary>
public sealed class RedisReader : IAsyncDisposable
{
    public ValueTask<RespValue> SendAsync(ReadOnlySpan<RedisArg> command, CancellationToken ct) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>A Lua script and its SHA-1.</summary>
public sealed class RedisScript(string lua)
{
    public string Lua { get; } = lua;

    public string Sha1 { get; } = Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.UTF8.GetBytes(lua)));
}
