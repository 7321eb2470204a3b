using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>What is known of messages, in Redis.</summary>
sealed class MessageStore(RedisClient redis, TimeProvider clock, ILogger<MessageStore> log)
{
    static readonly long keepMs = (long)TimeSpan.FromDays(7).TotalMilliseconds;

    /// <summary>KEYS hash; ARGV field value ttl. Raises a number; answers 1 where it rose.</summary>
    static readonly RedisScript raise = new("""
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or -1) >= tonumber(ARGV[2]) then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        return 1
        """);

    public async Task<MessageState> ReadAsync(MessageId message, CancellationToken ct) =>
        new((await redis.SendAsync(["HGETALL", Keys.TextMessage(message)], ct)).ToDictionary());

    public async Task SetAsync(MessageId message, CancellationToken ct, params (string Field, string Value)[] fields)
    {
        RedisArg[] command = ["HSET", Keys.TextMessage(message), .. fields.SelectMany(field => (RedisArg[])[field.Field, field.Value])];
        await redis.SendAsync(command, ct);
        await redis.SendAsync(["PEXPIRE", Keys.TextMessage(message), keepMs], ct);
    }

    public async Task RaiseAsync(MessageId message, string field, int value, CancellationToken ct) =>
        await redis.RunAsync(raise, [Keys.TextMessage(message)], [field, value, keepMs], ct);

    /// <summary>A part's place among those that Twilio is asked about when they fall silent.</summary>
    public Task WatchAsync(MessageId message, int part, CancellationToken ct) =>
        redis.SendAsync(["ZADD", Keys.MessagesUnderWay, clock.GetUtcNow().ToUnixTimeMilliseconds(), Member(message, part)], ct).AsTask();

    public Task UnwatchAsync(MessageId message, int part, CancellationToken ct) =>
        redis.SendAsync(["ZREM", Keys.MessagesUnderWay, Member(message, part)], ct).AsTask();

    public async Task<IReadOnlyList<(MessageId Message, int Part)>> SilentAsync(TimeSpan longerThan, CancellationToken ct)
    {
        var until = (clock.GetUtcNow() - longerThan).ToUnixTimeMilliseconds();
        var found = await redis.SendAsync(["ZRANGEBYSCORE", Keys.MessagesUnderWay, "-inf", until, "LIMIT", 0, 20], ct);
        var silent = new List<(MessageId, int)>();
        foreach (var item in found.Items)
        {
            if (Parse(item.Text!) is { } one)
            {
                silent.Add(one);
            }
            else
            {
                // It would be found again at every look, and twenty of its kind would hide all others.
                MessageLog.Unreadable(log, item.Text!);
                await redis.SendAsync(["ZREM", Keys.MessagesUnderWay, item.Text!], ct);
            }
        }

        return silent;
    }

    public async Task<bool> WindowIsOpenAsync(PhoneNumber number, CancellationToken ct) =>
        (await redis.SendAsync(["EXISTS", Keys.WhatsAppWindow(number)], ct)).Number == 1;

    public Task OpenWindowAsync(PhoneNumber number, CancellationToken ct) =>
        redis.SendAsync(["SET", Keys.WhatsAppWindow(number), clock.GetUtcNow().ToUnixTimeMilliseconds(), "EX", 24 * 3600], ct).AsTask();

    public async Task<bool> HasOptedOutAsync(PhoneNumber number, Channel channel, CancellationToken ct) =>
        (await redis.SendAsync(["SISMEMBER", Keys.OptOut(number), channel.ToString()], ct)).Number == 1;

    public Task OptAsync(PhoneNumber number, Channel channel, bool @out, CancellationToken ct) =>
        redis.SendAsync([@out ? "SADD" : "SREM", Keys.OptOut(number), channel.ToString()], ct).AsTask();

    public async Task<IncidentId?> IncidentOfAsync(PhoneNumber number, CancellationToken ct)
    {
        var root = (await redis.SendAsync(["GET", Keys.IncidentOfNumber(number)], ct)).Text;
        return root is { Length: > 0 } && !root.StartsWith("in-", StringComparison.Ordinal) ? IncidentId.Parse(root) : null;
    }

    public Task RememberNumberAsync(PhoneNumber number, IncidentId incident, CancellationToken ct) =>
        redis.SendAsync(["SET", Keys.IncidentOfNumber(number), incident.Value, "PX", keepMs], ct).AsTask();

    public async Task<bool> WasTakenAsync(string sid, CancellationToken ct) => (await redis.SendAsync(["EXISTS", Keys.InboundMessage(sid)], ct)).Number == 1;

    public Task RememberTakenAsync(string sid, CancellationToken ct) =>
        redis.SendAsync(["SET", Keys.InboundMessage(sid), clock.GetUtcNow().ToUnixTimeMilliseconds(), "PX", keepMs], ct).AsTask();

    static (MessageId Message, int Part)? Parse(string member)
    {
        var pair = member.Split('|');
        if (pair.Length != 2 || !int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var part))
        {
            return null;
        }

        try
        {
            return (MessageId.Parse(pair[0]), part);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    static string Member(MessageId message, int part) => $"{message}|{part}";
}
