using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// The effects of handling one message. They are one Lua script: check the lease's epoch, write the state, XADD the outgoing
/// messages, set the timers, XACK the input; all or nothing. Nothing here touches Redis before the handler has returned.
/// </summary>
public sealed class Step
{
    readonly TimeProvider _clock;
    readonly List<RedisArg> _operations = [];
    readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    internal Step(TimeProvider clock) => _clock = clock;

    internal bool IsEmpty => _operations.Count == 0 && Conditions.Count == 0;

    /// <summary>Conditions, each a key, a field (empty: the key itself), and the text that must stand there; an empty text stands for nothing there.</summary>
    internal List<RedisArg> Conditions { get; } = [];

    /// <summary>Each operation as its number of arguments and the arguments: <c>3 SADD cm:incidents:open fd-4711</c>.</summary>
    internal List<RedisArg> Operations => _operations;

    /// <summary>The type that each key must have, checked before anything is written: a script cannot be undone half-way.</summary>
    internal Dictionary<string, string> Types => _types;

    public void Set<T>(string key, T value, JsonTypeInfo<T> type, TimeSpan? ttl = null)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        if (ttl is { } life)
        {
            Add("SET", key, json, "PX", Milliseconds(life));
        }
        else
        {
            Add("SET", key, json);
        }
    }

    public void SetFields(string hashKey, IReadOnlyDictionary<string, RedisArg> fields, TimeSpan? ttl = null)
    {
        // Lua passes a few thousand arguments to a command, not more.
        foreach (var some in fields.Chunk(1000))
        {
            Expect(hashKey, "hash");
            Add(["HSET", hashKey, .. some.SelectMany(field => new[] { field.Key, field.Value })]);
        }

        Expire(hashKey, ttl);
    }

    public void DeleteFields(string hashKey, params string[] fields)
    {
        Expect(hashKey, "hash");
        Add(["HDEL", hashKey, .. fields.Select(field => (RedisArg)field)]);
    }

    /// <summary>Nothing of the step is done unless <paramref name="key"/> still holds <paramref name="value"/>; null: unless there is no such key.</summary>
    public void OnlyWhile(string key, ReadOnlyMemory<byte>? value)
    {
        Conditions.Add(key);
        Conditions.Add("");
        Conditions.Add(value ?? ReadOnlyMemory<byte>.Empty);
    }

    /// <summary>Nothing of the step is done unless <paramref name="field"/> of the hash still holds <paramref name="value"/>.</summary>
    public void OnlyWhile(string hashKey, string field, string value)
    {
        Expect(hashKey, "hash");
        Conditions.AddRange([hashKey, field, value]);
    }

    public void Delete(string key) => Add("DEL", key);

    public void AddToSet(string key, string member)
    {
        Expect(key, "set");
        Add("SADD", key, member);
    }

    public void RemoveFromSet(string key, string member)
    {
        Expect(key, "set");
        Add("SREM", key, member);
    }

    public void AddToSortedSet(string key, string member, double score)
    {
        Expect(key, "zset");
        Add("ZADD", key, score.ToString("R", CultureInfo.InvariantCulture), member);
    }

    public void RemoveFromSortedSet(string key, string member)
    {
        Expect(key, "zset");
        Add("ZREM", key, member);
    }

    /// <summary>Appends to a list, for example a call's turns.</summary>
    public void PushToList<T>(string key, T value, JsonTypeInfo<T> type, TimeSpan? ttl = null)
    {
        Expect(key, "list");
        Add("RPUSH", key, JsonSerializer.SerializeToUtf8Bytes(value, type));
        Expire(key, ttl);
    }

    /// <summary>To wherever the message's type goes; a speech message to the bridge that holds the call at the moment of the commit (dropped where none does).</summary>
    public void Publish(Message message)
    {
        var start = Open();
        if (Routes.StreamOf(message) is { } stream)
        {
            Expect(stream, "stream");
            Envelope.WriteAdd(_operations, stream, message, _clock.GetUtcNow());
        }
        else
        {
            var call = Keys.Call(((SpeechMessage)message).Call);
            Expect(call, "hash");
            _operations.Add("SPEECH");
            _operations.Add(call);
            using var activity = Telemetry.Publishing(message, null);
            Envelope.Write(_operations, message, _clock.GetUtcNow());
        }

        Close(start);
    }

    /// <summary>Publishes <paramref name="message"/> after <paramref name="delay"/>, by Redis' clock. One timer per root and name: setting it again moves it.</summary>
    public void Schedule(TimerDue message, TimeSpan delay)
    {
        var start = OpenTimer(Timers.Member(message.RootId, message.Name), delay, Routes.StreamOf(message)!);
        Envelope.Write(_operations, message, _clock.GetUtcNow());
        Close(start);
    }

    public void CancelTimer(string root, string name)
    {
        Expect(Keys.Timers, "zset");
        Expect(Keys.TimerMessages, "hash");
        Add("ZREM", Keys.Timers, Timers.Member(root, name));
        Add("HDEL", Keys.TimerMessages, Timers.Member(root, name));
    }

    /// <summary>The same entry again, later.</summary>
    internal void Repeat(StreamEntry entry, TimeSpan after)
    {
        var start = OpenTimer($"retry/{entry.Stream}/{entry.Id}", after, entry.Stream);
        foreach (var value in entry.Fields)
        {
            _operations.Add(value.Bytes);
        }

        Close(start);
    }

    /// <summary>The entry and why it was given up, to cm:dead.</summary>
    internal void Bury(StreamEntry entry, string error, long deliveries)
    {
        Expect(Keys.Dead, "stream");
        var start = Open();
        _operations.AddRange([
            "XADD", Keys.Dead, "*", DeadLetters.Stream, entry.Stream, DeadLetters.Entry, entry.Id, DeadLetters.Error, error,
            DeadLetters.Deliveries, deliveries, DeadLetters.At, _clock.GetUtcNow().ToUnixTimeMilliseconds()]);
        foreach (var value in entry.Fields)
        {
            _operations.Add(value.Bytes);
        }

        Close(start);
    }

    /// <summary>
    /// Gives up a message that was taken over from its stream earlier: it goes to cm:dead, from where it can be replayed, and its
    /// incident's worker is told.
    /// </summary>
    public void GiveUp(Message message, string reason)
    {
        Expect(Keys.Dead, "stream");
        var start = Open();
        _operations.AddRange([
            "XADD", Keys.Dead, "*", DeadLetters.Stream, Routes.StreamOf(message)!, DeadLetters.Entry, "", DeadLetters.Error, reason,
            DeadLetters.Deliveries, 1, DeadLetters.At, _clock.GetUtcNow().ToUnixTimeMilliseconds()]);
        Envelope.Write(_operations, message, _clock.GetUtcNow());
        Close(start);
        if (Routes.RootOf(message) is { } root)
        {
            Publish(new DeadLettered(root, message.GetType().Name, reason));
        }
    }

    int OpenTimer(string member, TimeSpan delay, string stream)
    {
        Expect(Keys.Timers, "zset");
        Expect(Keys.TimerMessages, "hash");
        var start = Open();
        _operations.AddRange(["TIMER", member, (long)Math.Max(0, delay.TotalMilliseconds), stream]);
        return start;
    }

    void Expire(string key, TimeSpan? ttl)
    {
        if (ttl is { } life)
        {
            Add("PEXPIRE", key, Milliseconds(life));
        }
    }

    void Expect(string key, string type)
    {
        if (!_types.TryAdd(key, type) && _types[key] != type)
        {
            throw new InvalidOperationException($"One step uses {key} as a {_types[key]} and as a {type}.");
        }
    }

    void Add(params ReadOnlySpan<RedisArg> command)
    {
        _operations.Add(command.Length);
        foreach (var arg in command)
        {
            _operations.Add(arg);
        }
    }

    int Open()
    {
        _operations.Add(0);
        return _operations.Count;
    }

    void Close(int start) => _operations[start - 1] = _operations.Count - start;

    static long Milliseconds(TimeSpan ttl) =>
        ttl > TimeSpan.Zero ? Math.Max(1, (long)ttl.TotalMilliseconds) : throw new ArgumentOutOfRangeException(nameof(ttl), ttl, "A TTL must be positive.");
}
