using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Makes Twilio ask /twilio/continue for a call that has lost its stream, once per stream answer and over all replicas.</summary>
sealed class CallMover(DialStore store, CallEnder ender, CallFacts facts, PublicUrls urls, TimeProvider clock, ILogger<CallMover> log)
{
    static readonly TimeSpan[] waits = [TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    public async Task MoveAsync(CallId call, string sid, long answer, CancellationToken ct)
    {
        if (!await store.ClaimAsync(call, answer, DialFields.Moved, ct))
        {
            return;
        }

        CallLog.Moving(log, call);
        foreach (var wait in (TimeSpan?[])[.. waits, null])
        {
            if (await ender.RedirectAsync(sid, urls.Continue(call, answer), ct) || wait is null)
            {
                await facts.AuditAsync(call, "call.moved", "The call lost its audio; it is moved to another media bridge.", ct);
                return;
            }

            await Task.Delay(wait.Value, clock, ct);
            if ((await store.ReadAsync(call, ct))[DialFields.Continued, -1] >= answer)
            {
                // The request had arrived after all, or Twilio asked by itself: a second one would end the new stream.
                return;
            }
        }
    }
}
