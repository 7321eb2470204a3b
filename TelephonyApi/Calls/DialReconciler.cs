using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>
/// Settles dials whose answer was lost and that no callback has settled: looks them up in Twilio's list. It never dials again; that
/// an attempt ended unknown is AgentWorker's to judge.
/// </summary>
sealed class DialReconciler(
    DialStore store, CallFacts facts, TwilioClient twilio, IOptions<TwilioOptions> account, IOptions<DialOptions> options, TimeProvider clock,
    ILogger<DialReconciler> log)
{
    /// <summary>Twilio tells creation times in whole seconds.</summary>
    static readonly TimeSpan tolerance = TimeSpan.FromSeconds(3);

    readonly Dictionary<CallId, long> lookedAt = [];

    public async Task RunOnceAsync(CancellationToken ct)
    {
        var (calls, now) = await store.OlderAsync(Keys.Dialling, options.Value.ReconcileAfter, ct);
        foreach (var gone in lookedAt.Keys.Except(calls).ToList())
        {
            lookedAt.Remove(gone);
        }

        foreach (var call in calls)
        {
            var state = await store.ReadAsync(call, ct);
            if (state.Ended && Enum.TryParse<CallEnd>(state[DialFields.End], out var end))
            {
                await facts.TellEndAsync(call, end, state[DialFields.EndCode] is null ? null : (int)state[DialFields.EndCode, 0], state[DialFields.EndDetail], ct);
            }
            else if (state.Dial != DialStates.Dialling)
            {
                await store.ToldAsync(call, ct);
            }
            else if (IsDue(call))
            {
                var since = DateTimeOffset.FromUnixTimeMilliseconds(state[DialFields.Since, now.ToUnixTimeMilliseconds()]);
                await ReconcileAsync(call, state, now - since, ct);
            }
        }
    }

    async Task ReconcileAsync(CallId call, CallState state, TimeSpan age, CancellationToken ct)
    {
        var list = await twilio.ListCallsAsync(state.To, account.Value.PhoneNumber, null, ct);
        if (list.Ok && await FindAsync(call, list, age, ct) is { } found)
        {
            CallLog.Reconciled(log, call, found.Sid);
            Telemetry.Dials.Add(1, new KeyValuePair<string, object?>("outcome", "reconciled"));
            await facts.ApplyAsync(call, new CallFact(found.Sid, found.Status ?? "queued", Seconds: found.Seconds), ct);
        }
        else if (age > (list.Ok ? options.Value.UnknownAfter : options.Value.GiveUpAfter))
        {
            CallLog.Lost(log, call);
            Telemetry.Dials.Add(1, new KeyValuePair<string, object?>("outcome", "lost"));
            await facts.EndAsync(
                call, CallEnd.Unknown, null, "Twilio did not answer the request to dial, and shows no such call", DialStates.Dialling, ct);
        }
    }

    /// <summary>
    /// Twilio's list does not show our id. One call per number is dialled at a time, so a call to this number that was created since the
    /// dial, and that is not known as another one's, is this one. Ages are compared, each by its own clock.
    /// </summary>
    async Task<CallResource?> FindAsync(CallId call, TwilioResult<CallList> list, TimeSpan age, CancellationToken ct)
    {
        var twilioNow = list.ServerTime ?? clock.GetUtcNow();
        foreach (var candidate in list.Value!.Calls ?? [])
        {
            if (candidate.CreatedAt is { } created && twilioNow - created <= age + tolerance
                && candidate.Direction is null or "outbound-api"
                && (await store.OfSidAsync(candidate.Sid, ct)) is var known && (known is null || known == call))
            {
                return candidate;
            }
        }

        return null;
    }

    bool IsDue(CallId call)
    {
        var every = (options.Value.UnknownAfter - options.Value.ReconcileAfter) / 10;
        if (lookedAt.TryGetValue(call, out var last) && clock.GetElapsedTime(last) < every)
        {
            return false;
        }

        lookedAt[call] = clock.GetTimestamp();
        return true;
    }
}
