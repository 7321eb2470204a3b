using CityMonitor.TelephonyApi.Calls;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// Moves the calls of a bridge that has lapsed. A frozen process leaves its sockets open, and then Twilio notices nothing: only the
/// bridge's own sign of life tells.
/// </summary>
sealed class BridgeWatch(DialStore store, CallMover mover, ILogger<BridgeWatch> log)
{
    public async Task RunOnceAsync(CancellationToken ct)
    {
        var lapsed = await store.LapsedAsync(ct);
        await Parallel.ForEachAsync(lapsed, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = ct }, async (found, token) =>
        {
            CallLog.BridgeLapsed(log, found.Call);
            await mover.MoveAsync(found.Call, found.Sid, found.Answer, token);
        });
    }
}
