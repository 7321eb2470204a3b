using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

sealed class TwilioUnreadableException(string message) : Exception(message);

/// <summary>
/// After a start with an empty Redis: reads the calls that Twilio still has of ours and blocks their numbers, so that nobody who is
/// on the phone with us is called a second time.
/// </summary>
sealed class DialPrimer(DialStore store, TwilioClient twilio, IOptions<TwilioOptions> account, ILogger<DialPrimer> log)
{
    public async Task PrimeAsync(CancellationToken ct)
    {
        var count = 0;
        foreach (var status in (string[])["queued", "ringing", "in-progress"])
        {
            var calls = await twilio.ListCallsAsync(null, account.Value.PhoneNumber, status, ct);
            if (calls.Unreachable)
            {
                CallLog.NotPrimed(log, calls.Describe());
                throw new TwilioUnreadableException(calls.Describe());
            }

            // A refusal (credentials) will be the answer to the create request too, where it reaches the ticket.
            foreach (var call in calls.Value?.Calls ?? [])
            {
                if (PhoneNumber.TryParse(call.To, out var number))
                {
                    await store.BlockNumberAsync(number, call.Sid, ct);
                    count++;
                }
            }
        }

        await store.SetPrimedAsync(ct);
        CallLog.Primed(log, count);
    }
}
