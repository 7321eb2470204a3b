using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.State;

/// <summary>Reads and writes of a call's hash and its turns outside a step.</summary>
public sealed class CallStore(RedisClient redis)
{
    /// <summary>Null where the call is not known.</summary>
    public Task<CallSession?> ReadSessionAsync(CallId call, CancellationToken ct) => throw new NotSupportedException(redis.ToString());

    public Task<Dictionary<string, RespValue>> ReadAsync(CallId call, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Sets fields of the call's hash and renews its TTL.</summary>
    public Task WriteAsync(CallId call, IReadOnlyDictionary<string, string> fields, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<Turn>> ReadTurnsAsync(CallId call, CancellationToken ct) => throw new NotSupportedException();

    public Task AppendTurnAsync(CallId call, Turn turn, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>A stream has started on this bridge: raises the call's stream number, sets its bridge, returns the number.</summary>
    public Task<int> BeginStreamAsync(CallId call, string bridge, CancellationToken ct) => throw new NotSupportedException();
}

/// <summary>Reads incidents; writes happen in AgentWorker's steps only.</summary>
public sealed class IncidentStore(RedisClient redis)
{
    public Task<IncidentState?> ReadAsync(IncidentId incident, CancellationToken ct) => throw new NotSupportedException(redis.ToString());

    public Task<IReadOnlyList<IncidentId>> ReadOpenAsync(CancellationToken ct) => throw new NotSupportedException();
}
