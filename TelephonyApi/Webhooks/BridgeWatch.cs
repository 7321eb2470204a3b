using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Calls;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// Moves the calls of a bridge that has lapsed. A frozen process leaves its sockets open, and then Twilio notices nothing: only the
/// bridge's own sign of life tells. Every replica watches, since a call cannot wait until another one has taken over; who makes the
/// move is decided in Redis, call by call.
/// </summary>
sealed class BridgeWatch(DialStore store, CallMover mover, IOptions<DialOptions> options, TimeProvider clock, ILogger<BridgeWatch> log) : BackgroundService
{
    /// <summary>A longer gap between two looks means that Redis, or this process, was away.</summary>
    static readonly TimeSpan longestGap = TimeSpan.FromSeconds(1);

    /// <summary>Requests to Twilio under way at once.</summary>
    const int MostAtOnce = 64;

    readonly List<Task> moves = [];
    long? lookedAt;
    long watchingSince;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.BridgeWatchEvery, clock);
        try
        {
            do
            {
                await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(moves).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            CallLog.Ended(log, "The watch for lapsed bridges", "the service stops");
        }
    }

    async Task LookAsync(CancellationToken ct)
    {
        try
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

            // Not awaited here: a request that Twilio is slow to answer holds up no other call. What is beyond the limit comes with a later look.
            moves.RemoveAll(move => move.IsCompleted);
            moves.AddRange(lapsed.Take(MostAtOnce - moves.Count).Select(found => MoveAsync(found.Call, found.Sid, found.Answer, ct)));
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            // Redis or Twilio is away: the next look begins anew, and the bridges get their time.
            lookedAt = null;
            CallLog.Failed(log, error, "The watch for lapsed bridges");
        }
    }

    async Task MoveAsync(CallId call, string sid, long answer, CancellationToken ct)
    {
        try
        {
            await mover.MoveAsync(call, sid, answer, ct);
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            CallLog.Failed(log, error, $"Moving {call} on");
        }
    }
}
