using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>
/// Takes calls from the queue as fast as the account and the capacity allow, and dials them. Every replica pumps; the limits are in
/// Redis. New work and freed places wake it at once; the poll of one second only makes good for a replica that died.
/// </summary>
sealed class DialPump(DialStore store, DialSignal signal, Dialler dialler, DialPrimer primer, TimeProvider clock, ILogger<DialPump> log) : BackgroundService
{
    static readonly TimeSpan longestWait = TimeSpan.FromSeconds(1);

    /// <summary>Create requests under way at once in this process.</summary>
    const int MostAtOnce = 64;

    readonly List<Task> dials = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var wait = await PumpAsync(stoppingToken);
                await signal.WaitAsync(wait < longestWait ? wait : longestWait, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The create requests under way are let end: their answers are what the next process would have to look for.
            await Task.WhenAll(dials);
        }

        CallLog.Ended(log, "The dial pump", "the service stops");
    }

    async Task<TimeSpan> PumpAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                dials.RemoveAll(dial => dial.IsCompleted);
                if (dials.Count >= MostAtOnce)
                {
                    await Task.WhenAny(dials).WaitAsync(ct);
                    continue;
                }

                var takenAt = clock.GetTimestamp();
                var taken = await store.TakeAsync(ct);
                if (taken.Unprimed)
                {
                    await primer.PrimeAsync(ct);
                }
                else if (taken.Call is { } call)
                {
                    dials.Add(DialAsync(call, takenAt));
                }
                else
                {
                    return taken.Wait ?? longestWait;
                }
            }
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            // Redis or Twilio is away, or something nobody thought of: the pump goes on in any case.
            CallLog.Failed(log, error, "Taking calls from the queue");
            return TimeSpan.FromMilliseconds(500);
        }
    }

    async Task DialAsync(CallId call, long takenAt)
    {
        try
        {
            await dialler.DialAsync(call, takenAt, CancellationToken.None);
        }
        catch (Exception error)
        {
            // Whatever it was, the call stays in dialling: a callback or the reconciler settles it.
            CallLog.Failed(log, error, $"Dialling {call}");
        }
    }
}
