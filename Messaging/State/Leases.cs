using System.Globalization;
using CityMonitor.Messaging.Redis;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.State;

/// <summary>
/// Leases: cm:lease:{name} holds "holder epoch" for 3 s. The epoch rises at each take, by Redis' clock, so also over a wiped Redis;
/// the last one stays in cm:epochs, where commits compare it.
/// </summary>
public sealed class Leases(RedisClient redis, TimeProvider clock, ILogger<Leases> log)
{
    internal static readonly TimeSpan Length = TimeSpan.FromSeconds(3);
    internal static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(1);

    readonly string _holder = Guid.NewGuid().ToString("N");

    /// <summary>Lua: the epoch of a new take of lease <c>name</c>, at least one above every one before.</summary>
    internal const string NextEpoch = $$"""
        local function nextEpoch(name)
          local time = redis.call('TIME')
          local now = time[1] * 1000 + math.floor(time[2] / 1000)
          local last = tonumber(redis.call('HGET', '{{Keys.Epochs}}', name) or '0')
          local epoch = string.format('%.0f', math.max(now, last + 1))
          redis.call('HSET', '{{Keys.Epochs}}', name, epoch)
          return epoch
        end
        """;

    static readonly RedisScript s_take = new($$"""
        #!lua flags=allow-oom
        {{NextEpoch}}
        if redis.call('EXISTS', KEYS[1]) == 1 then return nil end
        local epoch = nextEpoch(ARGV[1])
        redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. epoch, 'PX', ARGV[3])
        return epoch
        """);

    // A lease that ran out is still ours while nobody else took it: the epoch tells.
    static readonly RedisScript s_renew = new($$"""
        #!lua flags=allow-oom
        if redis.call('HGET', '{{Keys.Epochs}}', ARGV[1]) ~= ARGV[3] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
        return 1
        """);

    static readonly RedisScript s_release = new("""
        #!lua flags=allow-oom
        if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return 1
        """);

    /// <summary>The epoch, or null while somebody else holds the lease.</summary>
    internal async Task<long?> TakeAsync(string name, CancellationToken ct)
    {
        var reply = await redis.RunAsync(s_take, [Keys.Lease(name)], [name, _holder, (long)Length.TotalMilliseconds], ct);
        return reply.IsNull ? null : reply.Number;
    }

    /// <summary>False when somebody else has taken it.</summary>
    internal async Task<bool> RenewAsync(string name, long epoch, CancellationToken ct) =>
        (await redis.RunAsync(s_renew, [Keys.Lease(name)], [name, _holder, epoch, (long)Length.TotalMilliseconds], ct)).Number == 1;

    internal async Task ReleaseAsync(string name, long epoch, CancellationToken ct) =>
        await redis.RunAsync(s_release, [Keys.Lease(name)], [string.Create(CultureInfo.InvariantCulture, $"{_holder} {epoch}")], ct);

    /// <summary>Renews each second until <paramref name="work"/> ends; cancels <paramref name="lost"/> when the lease is, or may be, somebody else's.</summary>
    internal async Task KeepAsync(string name, long epoch, Task work, CancellationTokenSource lost)
    {
        var renewed = clock.GetTimestamp();
        while (!work.IsCompleted && !lost.IsCancellationRequested)
        {
            await Task.WhenAny(work, Task.Delay(RenewEvery, clock, lost.Token));
            if (work.IsCompleted || lost.IsCancellationRequested)
            {
                return;
            }

            // Counted from before the renewal was sent: Redis counts from its arrival, which is later.
            var asked = clock.GetTimestamp();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(lost.Token);
            var rest = Length - clock.GetElapsedTime(renewed);
            try
            {
                if (!await RenewAsync(name, epoch, patience.Token).WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, clock, lost.Token))
                {
                    await lost.CancelAsync();
                    return;
                }

                renewed = asked;
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                await patience.CancelAsync();
                LogInterrupted(name, error);
                if (clock.GetElapsedTime(renewed) >= Length)
                {
                    await lost.CancelAsync();
                }
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <param name="stopping">Has fired when the process stops: then a lease that is left to lapse is worth no warning.</param>
    internal async Task TryReleaseAsync(string name, long epoch, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(RenewEvery, clock);
        try
        {
            await ReleaseAsync(name, epoch, patience.Token);
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException or ObjectDisposedException)
        {
            // It lapses by itself within 3 s.
            if (!stopping.IsCancellationRequested)
            {
                LogInterrupted(name, error);
            }
        }
    }

    internal async Task PauseAsync(CancellationToken ct) => await Task.Delay(RenewEvery, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    internal void LogInterrupted(string name, Exception? error) => LeaseLog.Interrupted(log, name, error?.Message ?? "it ended by itself", error is RedisException ? null : error);
}

static partial class LeaseLog
{
    [LoggerMessage(1101, LogLevel.Warning, "Leased work {Name} was interrupted: {Reason}")]
    public static partial void Interrupted(ILogger log, string name, string reason, Exception? error);
}
