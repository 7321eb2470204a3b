using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// Writes what happens in one stream to Redis, in order, without ever holding up its audio: turns, messages to AgentWorker, the heard
/// position. One loop per stream; a short outage of Redis is waited out.
/// </summary>
/// <param name="stream">What this stream says of the call as a whole counts until a newer one has begun.</param>
sealed class CallLog(CallId call, int stream, string bridge, CallStore store, MessageBus bus, RedisClient redis, TimeProvider clock, ILogger log)
{
    const string Service = "MediaBridge";

    static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(60);

    // KEYS hash; ARGV ttl, stream, bridge, field, value. Not where a newer stream has begun: a bridge that was frozen and thaws must not
    // say of a call that others hold that it is over. Redis may have been wiped since, and then counts from 1 again: so the bridge too.
    static readonly RedisScript WriteWhileOurs = new($$"""
        #!lua flags=allow-oom
        local held = redis.call('HMGET', KEYS[1], '{{CallFields.Stream}}', '{{CallFields.Bridge}}')
        if held[1] and held[1] ~= ARGV[2] then return 0 end
        if held[2] and held[2] ~= '' and held[2] ~= ARGV[3] then return 0 end
        redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
        redis.call('PEXPIRE', KEYS[1], ARGV[1])
        return 1
        """);

    // Some entries a second at the most, so this holds minutes of an outage. Beyond it the newest is dropped, counted in the log.
    readonly Channel<Func<CancellationToken, Task>> entries = System.Threading.Channels.Channel.CreateBounded<Func<CancellationToken, Task>>(
        new BoundedChannelOptions(2000) { SingleReader = true });

    readonly Lock positionGate = new();
    (string Text, int Heard)? position;

    public void Publish(Message message) => Add(ct => bus.PublishAsync(message, ct));

    public void Audit(string kind, string text) => Publish(new AuditEntry(Service, kind, call.Root, call, text));

    /// <summary>A turn as it was heard: kept with the call, and shown to whoever watches.</summary>
    public void Turn(Turn turn)
    {
        turn = turn with { Text = CardNumbers.Redact(turn.Text) };
        CallLogLog.Turn(log, turn.Speaker, turn.Text);
        Add(ct => store.AppendTurnAsync(call, turn, ct));
        Audit(turn.Speaker == Speaker.Agent ? "turn.agent" : "turn.responder", turn.Text);
    }

    /// <summary>What is being said and how much of it was heard. Only the newest counts, so a slow Redis gets fewer.</summary>
    public void Position(string text, int heard)
    {
        lock (positionGate)
        {
            var waiting = position is not null;
            position = (text, heard);
            if (waiting)
            {
                return;
            }
        }

        Add(WritePositionAsync);
    }

    /// <summary>A field of the call's hash, unless a newer stream already holds the call.</summary>
    public void Field(string name, string value) => Add(ct => WriteFieldAsync(name, value, ct));

    /// <summary>The bridge no longer holds the call, unless a newer stream already does.</summary>
    public void ReleaseBridge() => Field(CallFields.Bridge, "");

    public void Complete() => entries.Writer.TryComplete();

    /// <summary>Ends once <see cref="Complete"/> was called and everything is written.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            await foreach (var entry in entries.Reader.ReadAllAsync(ct))
            {
                await WriteAsync(entry, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            CallLogLog.Abandoned(log, entries.Reader.Count);
        }
    }

    async Task WriteAsync(Func<CancellationToken, Task> entry, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(100); ; wait = TimeSpan.FromMilliseconds(Math.Min(2000, wait.TotalMilliseconds * 2)))
        {
            try
            {
                await entry(ct);
                return;
            }
            catch (RedisException error) when (error is not RedisServerException && clock.GetElapsedTime(began) < GiveUpAfter)
            {
                // An unknown outcome is repeated too: a turn that stands there twice is better than one that is missing.
                await Task.Delay(wait, clock, ct);
            }
            catch (RedisException error)
            {
                CallLogLog.Lost(log, error);
                return;
            }
        }
    }

    Task WritePositionAsync(CancellationToken ct)
    {
        (string Text, int Heard) now;
        lock (positionGate)
        {
            now = position ?? ("", 0);
            position = null;
        }

        var value = now.Text.Length == 0 ? "" : JsonSerializer.Serialize(new SpeakingPosition(now.Text, now.Heard), SessionsJson.Default.SpeakingPosition);
        return WriteFieldAsync(CallFields.Speaking, value, ct);
    }

    async Task WriteFieldAsync(string name, string value, CancellationToken ct) =>
        await redis.RunAsync(
            WriteWhileOurs, [Keys.Call(call)],
            [(long)CallStore.Life.TotalMilliseconds, stream.ToString(CultureInfo.InvariantCulture), bridge, name, value], ct);

    void Add(Func<CancellationToken, Task> entry)
    {
        if (!entries.Writer.TryWrite(entry))
        {
            CallLogLog.Overflow(log);
        }
    }
}

static partial class CallLogLog
{
    [LoggerMessage(2301, LogLevel.Error, "A record of the call was lost")]
    public static partial void Lost(ILogger log, Exception error);

    [LoggerMessage(2302, LogLevel.Error, "A record of the call was dropped: too many are waiting for Redis")]
    public static partial void Overflow(ILogger log);

    [LoggerMessage(2304, LogLevel.Debug, "{Speaker}: {Text}")]
    public static partial void Turn(ILogger log, Speaker speaker, string text);

    [LoggerMessage(2303, LogLevel.Error, "{Count} records of the call were not written before the stream ended")]
    public static partial void Abandoned(ILogger log, int count);
}
