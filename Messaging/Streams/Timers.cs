using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

/// <summary>Reads timers; they are set and cancelled in steps.</summary>
public sealed class Timers(RedisClient redis)
{
    /// <summary>Those of the root's named timers that are set.</summary>
    public async Task<IReadOnlyList<string>> SetAsync(string root, IReadOnlyList<string> names, CancellationToken ct)
    {
        if (names.Count == 0)
        {
            return [];
        }

        var reply = await redis.SendAsync(["ZMSCORE", Keys.Timers, .. names.Select(name => (RedisArg)Member(root, name))], ct);
        return [.. names.Where((_, i) => !reply.Items[i].IsNull)];
    }

    internal static string Member(string root, string name) => $"{root}/{name}";
}

/// <summary>Moves due timers into their streams: one script, so each is moved once whoever runs it.</summary>
sealed class TimerPump(Leases leases, RedisClient redis, TimeProvider clock, ILogger<TimerPump> log) : LeasedService(leases)
{
    const int Batch = 100;
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    // A timer whose stream cannot take it (a wrong type) is tried again after 5 s and holds up nobody.
    static readonly RedisScript s_move = new($$"""
        #!lua flags=allow-oom
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(redis.call('GET', '{{Keys.TimerOffset}}') or '0')
        local due = redis.call('ZRANGEBYSCORE', '{{Keys.Timers}}', '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
        for _, member in ipairs(due) do
          local packed = redis.call('HGET', '{{Keys.TimerMessages}}', member)
          local moved = true
          if packed then
            local message = cmsgpack.unpack(packed)
            local reply = redis.pcall('XADD', message[1], '*', unpack(message, 2))
            moved = not (type(reply) == 'table' and reply.err)
          end
          if moved then
            redis.call('ZREM', '{{Keys.Timers}}', member)
            redis.call('HDEL', '{{Keys.TimerMessages}}', member)
          else
            redis.call('ZADD', '{{Keys.Timers}}', string.format('%.0f', now + 5000), member)
          end
        end
        return #due
        """);

    protected override string Name => "timers";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        while (!lost.IsCancellationRequested)
        {
            var moved = await MoveDueAsync(lost);
            if (moved < Batch)
            {
                await Task.Delay(s_pause, clock, lost);
            }
        }
    }

    /// <summary>How many were due.</summary>
    internal async Task<long> MoveDueAsync(CancellationToken ct)
    {
        try
        {
            return (await redis.RunAsync(s_move, [], [Batch], ct)).Number;
        }
        catch (RedisException error)
        {
            StreamLog.TimersWait(log, error.Message);
            await Task.Delay(TimeSpan.FromMilliseconds(500), clock, ct);
            return 0;
        }
    }
}
