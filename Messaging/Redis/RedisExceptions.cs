namespace CityMonitor.Messaging.Redis;

public abstract class RedisException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Redis answered with an error. Code is its first word: ERR, WRONGTYPE, NOGROUP, OOM, LOADING, READONLY, NOAUTH, ...</summary>
public sealed class RedisServerException(string code, string message) : RedisException(message)
{
    public string Code { get; } = code;
}

/// <summary>The command was not sent: no connection. Safe to repeat.</summary>
public sealed class RedisUnavailableException(string message, Exception? inner = null) : RedisException(message, inner);

/// <summary>The connection broke, or time ran out, while the command was under way: it may or may not have run. Only the caller knows whether to repeat it.</summary>
public sealed class RedisOutcomeUnknownException(string message, Exception? inner = null) : RedisException(message, inner);
