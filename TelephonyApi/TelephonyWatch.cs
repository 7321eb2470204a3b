using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Messages;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi;

/// <summary>Looks, in one replica at a time, for what no callback has settled: lost dials, silent calls and messages.</summary>
sealed class TelephonyWatch(
    Leases leases, DialReconciler dials, LiveCallWatch calls, MessageWatch messages, IOptions<DialOptions> options, TimeProvider clock,
    ILogger<TelephonyWatch> log)
    : LeasedService(leases)
{
    protected override string Name => "telephony-watch";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        await Task.WhenAll(
            RepeatAsync("The watch for lost dials", dials.RunOnceAsync, lost),
            RepeatAsync("The watch for silent calls", calls.RunOnceAsync, lost),
            RepeatAsync("The watch for silent messages", messages.RunOnceAsync, lost));
        lost.ThrowIfCancellationRequested();
    }

    async Task RepeatAsync(string what, Func<CancellationToken, Task> look, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await look(ct);
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                CallLog.Failed(log, error, what);
            }

            await Task.Delay(options.Value.WatchEvery, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
