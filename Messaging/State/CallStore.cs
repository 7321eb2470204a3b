using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.State;

/// <summary>Reads and writes of a call's hash and its turns outside a step.</summary>
public sealed class CallStore(RedisClient redis)
{
    /// <summary>A call's hash and turns outlive their last write by this.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(2);

    static readonly RedisScript s_write = new("""
        #!lua flags=allow-oom
        redis.call('HSET', KEYS[1], unpack(ARGV, 2))
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        return 1
        """);

    static readonly RedisScript s_append = new("""
        #!lua flags=allow-oom
        redis.call('RPUSH', KEYS[1], ARGV[2])
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        return 1
        """);

    static readonly RedisScript s_beginStream = new($$"""
        #!lua flags=allow-oom
        local stream = redis.call('HINCRBY', KEYS[1], '{{CallFields.Stream}}', 1)
        redis.call('HSET', KEYS[1], '{{CallFields.Bridge}}', ARGV[2])
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        return stream
        """);

    // KEYS hash; ARGV ttl, bridge, stream, session. Released is '' and stays so; only where nothing stands, or an older stream, has
    // Redis forgotten who holds the call, and with it how to carry it on.
    static readonly RedisScript s_holdStream = new($$"""
        #!lua flags=allow-oom
        local held = redis.call('HMGET', KEYS[1], '{{CallFields.Stream}}', '{{CallFields.Bridge}}')
        local known = tonumber(held[1] or '0')
        local ours = tonumber(ARGV[3])
        if known > ours or (known == ours and held[2] and held[2] ~= '' and held[2] ~= ARGV[2]) then return 2 end
        redis.call('HSETNX', KEYS[1], '{{CallFields.Session}}', ARGV[4])
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        if known == ours then return 0 end
        redis.call('HSET', KEYS[1], '{{CallFields.Stream}}', ARGV[3], '{{CallFields.Bridge}}', ARGV[2])
        return 1
        """);

    /// <summary>Null where the call is not known.</summary>
    public async Task<CallSession?> ReadSessionAsync(CallId call, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["HGET", Keys.Call(call), CallFields.Session], ct);
        return reply.IsNull ? null : JsonSerializer.Deserialize(reply.Bytes.Span, StateJson.Default.CallSession);
    }

    public async Task<Dictionary<string, RespValue>> ReadAsync(CallId call, CancellationToken ct) =>
        (await redis.SendAsync(["HGETALL", Keys.Call(call)], ct)).ToDictionary();

    /// <summary>Sets fields of the call's hash and renews its TTL.</summary>
    public async Task WriteAsync(CallId call, IReadOnlyDictionary<string, string> fields, CancellationToken ct)
    {
        if (fields.Count > 0)
        {
            await redis.RunAsync(s_write, [Keys.Call(call)], [LifeMilliseconds, .. fields.SelectMany(field => new RedisArg[] { field.Key, field.Value })], ct);
        }
    }

    public async Task<IReadOnlyList<Turn>> ReadTurnsAsync(CallId call, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["LRANGE", Keys.Turns(call), 0, -1], ct);
        return [.. reply.Items.Select(item => JsonSerializer.Deserialize(item.Bytes.Span, StateJson.Default.Turn)!)];
    }

    public async Task AppendTurnAsync(CallId call, Turn turn, CancellationToken ct) =>
        await redis.RunAsync(s_append, [Keys.Turns(call)], [LifeMilliseconds, JsonSerializer.SerializeToUtf8Bytes(turn, StateJson.Default.Turn)], ct);

    /// <summary>A stream has started on this bridge: raises the call's stream number, sets its bridge, returns the number.</summary>
    public async Task<int> BeginStreamAsync(CallId call, string bridge, CancellationToken ct) =>
        (int)(await redis.RunAsync(s_beginStream, [Keys.Call(call)], [LifeMilliseconds, bridge], ct)).Number;

    /// <summary>After a Redis that lost its memory, or a bridge that was frozen: this bridge still holds this stream, unless another one is known to.</summary>
    public async Task<StreamHold> HoldStreamAsync(CallSession session, int stream, string bridge, CancellationToken ct) =>
        (StreamHold)(await redis.RunAsync(
            s_holdStream, [Keys.Call(session.Call)],
            [LifeMilliseconds, bridge, stream, JsonSerializer.SerializeToUtf8Bytes(session, StateJson.Default.CallSession)], ct)).Number;

    static long LifeMilliseconds => (long)Life.TotalMilliseconds;
}

/// <summary>Who holds a call's stream: known as before, forgotten until now, or lost to a newer stream.</summary>
public enum StreamHold { Known, Forgotten, Lost }

/// <summary>Reads incidents; writes happen in AgentWorker's steps only.</summary>
public sealed class IncidentStore(RedisClient redis)
{
    public async Task<IncidentState?> ReadAsync(IncidentId incident, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["GET", Keys.Incident(incident)], ct);
        return reply.IsNull ? null : JsonSerializer.Deserialize(reply.Bytes.Span, StateJson.Default.IncidentState);
    }

    public async Task<IReadOnlyList<IncidentId>> ReadOpenAsync(CancellationToken ct)
    {
        var reply = await redis.SendAsync(["SMEMBERS", Keys.OpenIncidents], ct);
        return [.. reply.Items.Select(item => IncidentId.Parse(item.Text!))];
    }
}
