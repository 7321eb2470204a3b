using CityMonitor.TelephonyApi.Calls;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// Moves the calls of a bridge that has lapsed. A frozen process leaves its sockets open, and then Twilio notices nothing: only the
/// bridge's own sign of life tells.
/// </summary>
sealed class BridgeWatch(DialStore store, CallMover mover, IOptions<DialOptions> options, TimeProvider clock, ILogger<BridgeWatch> log)
{
    /// <summary>A longer gap between two looks means that Redis, or this process, was away.</summary>
    static readonly TimeSpan longestGap = TimeSpan.FromSeconds(1.5);

    long? lookedAt;
    long watchingSince;

    public async Task RunOnceAsync(CancellationToken ct)
    {
        var lapsed = await store.LapsedAsync(ct);
        if (lookedAt is not { } last || clock.GetElapsedTime(last) > longestGap)
        {
            watchingSince = clock.GetTimestamp();
        }

        lookedAt = clock.GetTimestamp();
        if (clock.GetElapsedTime(watchingSince) < options.Value.BridgeGrace)
        {
            // While Redis was away no bridge could renew itself: each gets the time to do so before its calls are taken from it.
            return;
        }

        await Parallel.ForEachAsync(lapsed, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = ct }, async (found, token) =>
        {
            CallLog.BridgeLapsed(log, found.Call);
            await mover.MoveAsync(found.Call, found.Sid, found.Answer, token);
        });
        lookedAt = clock.GetTimestamp();
    }

    /// <summary>The watch begins anew: somebody else may have had it, or nobody.</summary>
    public void Begin() => lookedAt = null;
}
