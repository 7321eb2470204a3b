using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Asks Twilio about live calls that have been silent for long: a lost last callback must not hold a place, or an incident, for ever.</summary>
sealed class LiveCallWatch(DialStore store, CallFacts facts, CallEnder ender, TwilioClient twilio, IOptions<DialOptions> options)
{
    public async Task RunOnceAsync(CancellationToken ct)
    {
        var (calls, _) = await store.OlderAsync(Keys.LiveCalls, options.Value.CheckLiveAfter, ct);
        foreach (var call in calls)
        {
            var state = await store.ReadAsync(call, ct);
            if (state.Dial != DialStates.Placed || state.Sid is not { } sid)
            {
                await store.EndAsync(call, CallEnd.Unknown, ct);
                continue;
            }

            var result = await twilio.GetCallAsync(sid, ct);
            if (result.Ok)
            {
                await facts.ApplyAsync(call, new CallFact(sid, result.Value!.Status, Seconds: result.Value.Seconds), ct);
                if (state[DialFields.Cancel] is not null && CallStatus.RankOf(result.Value.Status) is var rank and < CallStatus.Terminal)
                {
                    await ender.EndAtTwilioAsync(sid, rank, ct);
                }
            }
            else if (result.Error?.Status == 404)
            {
                await facts.EndAsync(call, CallEnd.Unknown, 20404, result.Describe(), DialStates.Placed, ct);
            }

            await store.TouchAsync(call, ct);
        }
    }
}
