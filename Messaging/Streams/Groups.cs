using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>Consumer groups: made where they are missing, and what is pending in them.</summary>
sealed class Groups(RedisClient redis, ILogger<Groups> log)
{
    public const string Agents = "agents";
    public const string Workers = "workers";

    static readonly TimeSpan s_quarantine = TimeSpan.FromDays(7);

    static readonly RedisScript s_quarantineScript = new("""
        #!lua flags=allow-oom
        local found = redis.call('TYPE', KEYS[1])['ok']
        if found == 'none' or found == 'stream' then return 0 end
        redis.call('RENAME', KEYS[1], KEYS[2])
        redis.call('PEXPIRE', KEYS[2], ARGV[1])
        return 1
        """);

    // XPENDING and XRANGE together: the entries with their counts, which XPENDING alone lacks and XREADGROUP would raise.
    static readonly RedisScript s_pending = new("""
        #!lua flags=allow-oom
        local args = {'XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[2], ARGV[3], '+', ARGV[4]}
        if ARGV[5] ~= '' then args[9] = ARGV[5] end
        local result = {}
        for _, pending in ipairs(redis.call(unpack(args))) do
          local found = redis.call('XRANGE', KEYS[1], pending[1], pending[1])
          if found[1] then
            result[#result + 1] = {pending[1], pending[4], found[1][2]}
          else
            redis.call('XACK', KEYS[1], ARGV[1], pending[1])
          end
        end
        return result
        """);

    // JUSTID leaves the delivery count alone; the counts come from XPENDING.
    static readonly RedisScript s_claim = new("""
        #!lua flags=allow-oom
        local claimed = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5], 'JUSTID')
        local result = {}
        for _, id in ipairs(claimed[2]) do
          local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)
          local found = redis.call('XRANGE', KEYS[1], id, id)
          if found[1] and pending[1] then result[#result + 1] = {id, pending[1][4], found[1][2]} end
        end
        return {claimed[1], result}
        """);

    // Only what is still ours: an entry that another consumer claimed meanwhile is not taken back.
    static readonly RedisScript s_renew = new("""
        #!lua flags=allow-oom
        for i = 3, #ARGV do
          local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
          if pending[1] and pending[1][2] == ARGV[2] then
            redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', 0, 'JUSTID')
          end
        end
        return 1
        """);

    /// <summary>Makes the group, from the stream's first entry, where it is missing; moves away a key that is no stream.</summary>
    public async Task EnsureAsync(string stream, string group, CancellationToken ct)
    {
        try
        {
            await redis.SendAsync(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"], ct);
        }
        catch (RedisServerException error) when (error.Code == "BUSYGROUP")
        {
            // It is there.
        }
        catch (RedisServerException error) when (error.Code == "WRONGTYPE")
        {
            await QuarantineAsync(stream, ct);
            await redis.SendAsync(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"], ct);
        }
    }

    /// <summary>Moves a key that should be a stream and is not out of the way, for a person to look at.</summary>
    public async Task QuarantineAsync(string stream, CancellationToken ct)
    {
        var moved = await redis.RunAsync(s_quarantineScript, [stream, Keys.Quarantine(stream)], [(long)s_quarantine.TotalMilliseconds], ct);
        if (moved.Number == 1)
        {
            StreamLog.Quarantined(log, stream, Keys.Quarantine(stream));
        }
    }

    /// <summary>Up to <paramref name="count"/> pending entries after <paramref name="after"/>, of one consumer or of all (null), with their counts.</summary>
    public async Task<List<StreamEntry>> PendingAsync(string stream, string group, string? consumer, TimeSpan idle, string? after, int count, CancellationToken ct)
    {
        var reply = await redis.RunAsync(
            s_pending, [stream], [group, (long)idle.TotalMilliseconds, after is null ? "-" : $"({after}", count, consumer ?? ""], ct);
        return Entries(stream, reply);
    }

    /// <summary>Takes over entries that were idle for <paramref name="idle"/>. Returns where to go on.</summary>
    public async Task<(string Cursor, List<StreamEntry> Entries)> ClaimAsync(string stream, string group, string consumer, TimeSpan idle, string cursor, int count, CancellationToken ct)
    {
        var reply = await redis.RunAsync(s_claim, [stream], [group, consumer, (long)idle.TotalMilliseconds, cursor, count], ct);
        return (reply.Items[0].Text!, Entries(stream, reply.Items[1]));
    }

    public async Task RenewAsync(string stream, string group, string consumer, IEnumerable<string> ids, CancellationToken ct) =>
        await redis.RunAsync(s_renew, [stream], [group, consumer, .. ids.Select(id => (RedisArg)id)], ct);

    static List<StreamEntry> Entries(string stream, RespValue reply) =>
        [.. reply.Items.Select(item => new StreamEntry(stream, item.Items[0].Text!, item.Items[2], item.Items[1].Number))];
}
