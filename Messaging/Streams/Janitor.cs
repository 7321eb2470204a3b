using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// Trims the work streams: never an entry that some group has not been handed or has not acknowledged. Removes consumers that are gone
/// and owe nothing. Watches cm:dead, and lets it
/// forget after 30 days.
/// </summary>
sealed class Janitor(Leases leases, RedisClient redis, Groups groups, TimeProvider clock, ILogger<Janitor> log) : LeasedService(leases)
{
    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(30);
    long _dead;

    /// <summary>A consumer that has asked for nothing for this long belongs to a process that is gone; default 10 min.</summary>
    internal TimeSpan GoneAfter { get; init; } = TimeSpan.FromMinutes(10);

    // XTRIM MINID keeps the given id itself: the last delivered one may stay.
    static readonly RedisScript s_trim = new("""
        #!lua flags=allow-oom
        if redis.call('TYPE', KEYS[1])['ok'] ~= 'stream' then return 0 end
        local function parts(id)
          local ms, seq = string.match(id, '(%d+)-(%d+)')
          return tonumber(ms), tonumber(seq)
        end
        local function below(a, b)
          local am, as = parts(a)
          local bm, bs = parts(b)
          return am < bm or (am == bm and as < bs)
        end
        local lowest
        for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
          local info = {}
          for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
          local keep = info['last-delivered-id']
          local pending = redis.call('XPENDING', KEYS[1], info['name'])
          if pending[1] > 0 and below(pending[2], keep) then keep = pending[2] end
          if not lowest or below(keep, lowest) then lowest = keep end
          for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], info['name'])) do
            local c = {}
            for i = 1, #consumer, 2 do c[consumer[i]] = consumer[i + 1] end
            if c['pending'] == 0 and c['idle'] > tonumber(ARGV[1]) then
              redis.call('XGROUP', 'DELCONSUMER', KEYS[1], info['name'], c['name'])
            end
          end
        end
        if not lowest then return 0 end
        return redis.call('XTRIM', KEYS[1], 'MINID', lowest)
        """);

    protected override string Name => "janitor";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        while (!lost.IsCancellationRequested)
        {
            await SweepAsync(lost);
            await Task.Delay(s_pause, clock, lost);
        }
    }

    internal async Task SweepAsync(CancellationToken ct)
    {
        foreach (var stream in WorkStreams())
        {
            await TryAsync(async () => await redis.RunAsync(s_trim, [stream], [(long)GoneAfter.TotalMilliseconds], ct));
        }

        // Nobody reads these in a group, so nobody else would notice.
        await TryAsync(() => groups.QuarantineAsync(Keys.Dead, ct));
        await TryAsync(() => groups.QuarantineAsync(Keys.Audit, ct));
        var oldest = (clock.GetUtcNow() - Trimming.DeadAge).ToUnixTimeMilliseconds();
        await TryAsync(async () => await redis.SendAsync(["XTRIM", Keys.Dead, "MINID", oldest], ct));
        await TryAsync(() => WatchDeadAsync(ct));
    }

    /// <summary>What lies in cm:dead waits for a person: a gauge says how much, a line in the log when it grows.</summary>
    async Task WatchDeadAsync(CancellationToken ct)
    {
        var dead = (await redis.SendAsync(["XLEN", Keys.Dead], ct)).Number;
        Telemetry.DeadWaiting(dead);
        if (dead > _dead)
        {
            StreamLog.DeadLettersWait(log, dead);
        }

        _dead = dead;
    }

    static IEnumerable<string> WorkStreams() =>
        Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition).Concat([Keys.Telephony, Keys.Media, Keys.Model, Keys.Tickets, Keys.Records]);

    async Task TryAsync(Func<Task> sweep)
    {
        try
        {
            await sweep();
        }
        catch (RedisException error)
        {
            // One stream's trouble must not keep the others from being trimmed.
            StreamLog.JanitorWaits(log, error.Message);
        }
    }
}
