using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Load;

/// <summary>What stands in Redis while nothing goes on.</summary>
/// <param name="Leaked">Keys without a lifetime that should be gone when nothing goes on.</param>
/// <param name="Pending">Entries that were handed to somebody and not acknowledged.</param>
/// <param name="Unread">Entries of work streams that no janitor has taken away yet.</param>
sealed record RedisAudit(long Bytes, IReadOnlyDictionary<string, int> Passing, IReadOnlyList<string> Standing, IReadOnlyList<string> Leaked, long Pending, long Unread)
{
    const int AtOnce = 500;

    /// <summary>What docs/keys.md allows to stay for ever, or as long as services run.</summary>
    static readonly HashSet<string> allowed =
    [
        .. Work, Keys.Audit, Keys.Dead, Keys.Epochs,
        Keys.Workers, Keys.Bridges, Keys.DialPrimed, Keys.Poller, Keys.TimerOffset,
    ];

    static IReadOnlyList<string> Work => [.. Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition), Keys.Telephony, Keys.Media, Keys.Tickets, Keys.Model, Keys.Records];

    public int Count => Passing.Values.Sum() + Standing.Count + Leaked.Count;

    public static async Task<RedisAudit> TakeAsync(RedisClient redis)
    {
        var (passing, standing, leaked) = (new SortedDictionary<string, int>(StringComparer.Ordinal), new List<string>(), new List<string>());
        foreach (var keys in (await AllAsync(redis)).Chunk(AtOnce))
        {
            var lives = await Task.WhenAll(keys.Select(key => redis.SendAsync(["PTTL", key]).AsTask()));
            foreach (var (key, life) in keys.Zip(lives))
            {
                if (life.Number >= 0)
                {
                    passing[KindOf(key)] = passing.GetValueOrDefault(KindOf(key)) + 1;
                }
                else if (life.Number == -1)
                {
                    (allowed.Contains(key) ? standing : leaked).Add(key);
                }
            }
        }

        long pending = 0, unread = 0;
        foreach (var stream in Work)
        {
            unread += (await redis.SendAsync(["XLEN", stream])).Number;
            foreach (var group in await GroupsAsync(redis, stream))
            {
                pending += (await redis.SendAsync(["XPENDING", stream, group])).Items[0].Number;
            }
        }

        return new RedisAudit(await BytesAsync(redis), passing, standing, leaked, pending, unread);
    }

    /// <summary>Time passes: every lifetime ends, as it would by itself in hours and days. Leases and live bridges are renewed meanwhile.</summary>
    public static async Task LapseAsync(RedisClient redis)
    {
        foreach (var keys in (await AllAsync(redis)).Chunk(AtOnce))
        {
            var lives = await Task.WhenAll(keys.Select(key => redis.SendAsync(["PTTL", key]).AsTask()));
            await Task.WhenAll(keys.Zip(lives).Where(pair => pair.Second.Number > 10_000).Select(pair => redis.SendAsync(["PEXPIRE", pair.First, 1]).AsTask()));
        }

        await Task.Delay(TimeSpan.FromSeconds(2));
    }

    public static async Task<long> BytesAsync(RedisClient redis)
    {
        const string Field = "used_memory_dataset:";
        var info = (await redis.SendAsync(["INFO", "memory"])).Text!;
        var at = info.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        return long.Parse(info.AsSpan(at, info.IndexOf('\r', at) - at), System.Globalization.CultureInfo.InvariantCulture);
    }

    static async Task<List<string>> AllAsync(RedisClient redis)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var cursor = "0";
        do
        {
            var page = await redis.SendAsync(["SCAN", cursor, "COUNT", 1000]);
            cursor = page.Items[0].Text!;
            keys.UnionWith(page.Items[1].Items.Select(key => key.Text!));
        }
        while (cursor != "0");
        return [.. keys];
    }

    static async Task<IEnumerable<string>> GroupsAsync(RedisClient redis, string stream)
    {
        try
        {
            return [.. (await redis.SendAsync(["XINFO", "GROUPS", stream])).Items.Select(group => group.ToDictionary()["name"].Text!)];
        }
        catch (RedisServerException)
        {
            return []; // no such stream yet
        }
    }

    /// <summary>cm:call:fd-12.1:turns is cm:call:*:turns.</summary>
    static string KindOf(string key)
    {
        var parts = key.Split(':');
        return parts.Length < 3 ? key
            : parts is ["cm", "dial", "number", ..] or ["cm", "tickets", "work", ..] ? $"{string.Join(':', parts.Take(3))}:*"
            : $"{parts[0]}:{parts[1]}:*{(parts.Length > 3 ? $":{parts[^1]}" : "")}";
    }
}
