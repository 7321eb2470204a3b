using System.Diagnostics;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.TelephonyApi.Webhooks;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Makes one create request for a call that this replica has taken from the queue. Nobody else may, and it is not repeated.</summary>
sealed class Dialler(
    DialStore store, CallFacts facts, TwilioClient twilio, StreamAnswers streams, PublicUrls urls, IOptions<TwilioOptions> account, IOptions<DialOptions> options,
    TimeProvider clock, ILogger<Dialler> log)
{
    static readonly TimeSpan longestDelay = TimeSpan.FromSeconds(30);

    public async Task DialAsync(CallId call, long takenAt, CancellationToken ct)
    {
        var state = await store.ReadAsync(call, ct);
        using var span = Telemetry.Span("dial", call, state.Trace, ActivityKind.Client);
        if (clock.GetElapsedTime(takenAt) > options.Value.ReconcileAfter - options.Value.CreateTimeout)
        {
            // This process was held up: the reconciler may soon call the attempt lost, so it must not be made any more.
            Count("HeldUp", state);
            await RequeueAsync(call, state, "held up before dialling", null, ct);
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(options.Value.CreateTimeout);
        var result = await CreateAsync(Form(call, state, await OpeningAsync(call, state, patience.Token)), patience.Token);
        span?.SetTag("citymonitor.dial.outcome", result.Outcome.ToString());
        Count(result.Outcome.ToString(), state);
        switch (result.Outcome)
        {
            case TwilioOutcome.Ok:
                await facts.ApplyAsync(call, new CallFact(result.Value!.Sid, result.Value.Status ?? "queued"), ct);
                if (PhoneNumber.TryParse(state.To, out var number))
                {
                    await store.RememberNumberAsync(number, call.Root, ct);
                }

                break;
            case TwilioOutcome.Refused:
                var reason = result.Describe();
                CallLog.Refused(log, call, reason);
                span?.SetStatus(ActivityStatusCode.Error, reason);
                await facts.EndAsync(call, CallEnd.Failed, result.Error!.Code, reason, DialStates.Dialling, ct);
                break;
            case TwilioOutcome.Limited or TwilioOutcome.NotSent:
                await RequeueAsync(call, state, result.Describe(), result.RetryAfter, ct);
                break;
            default:
                span?.SetStatus(ActivityStatusCode.Error, "outcome unknown");
                CallLog.OutcomeUnknown(log, call, result.Describe());
                break;
        }
    }

    /// <summary>
    /// What the call does when it is answered: goes to a bridge, without another word between Twilio and us. Where none can be named now,
    /// Twilio asks at the answer.
    /// </summary>
    async Task<KeyValuePair<string, string>[]> OpeningAsync(CallId call, CallState state, CancellationToken ct)
    {
        try
        {
            if (!state.KeypadMode && await streams.AtDialAsync(call, TimeSpan.FromSeconds(state[DialFields.Ring, 60]), ct) is { } twiml)
            {
                return [new("Twiml", twiml)];
            }
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException)
        {
            // The dial need not wait for Redis: the answer does.
            CallLog.Failed(log, error, $"Choosing a bridge for {call}");
        }

        return [new("Url", urls.Incoming(call)), new("Method", "POST")];
    }

    async Task<TwilioResult<CallResource>> CreateAsync(List<KeyValuePair<string, string>> form, CancellationToken ct)
    {
        try
        {
            VendorUse.Add(Quotas.TwilioCalls, 1);
            return await twilio.CreateCallAsync(form, ct);
        }
        catch (OperationCanceledException)
        {
            return new(TwilioOutcome.Unknown, Error: new(0, 0, "no answer in time"));
        }
    }

    async Task RequeueAsync(CallId call, CallState state, string reason, TimeSpan? atLeast, CancellationToken ct)
    {
        var tries = Math.Clamp(state[DialFields.Tries, 1], 1, 10);
        var delay = TimeSpan.FromTicks(Math.Min(options.Value.Backoff.Ticks << (int)(tries - 1), longestDelay.Ticks));
        if (atLeast > delay)
        {
            delay = atLeast.Value < longestDelay ? atLeast.Value : longestDelay;
        }

        switch (await store.RequeueAsync(call, delay, ct))
        {
            case Requeued.Queued:
                CallLog.Requeued(log, call, reason, delay);
                break;
            case Requeued.Cancelled:
                var cancel = (await store.ReadAsync(call, ct))[DialFields.Cancel];
                await facts.EndAsync(call, CallEnd.Canceled, null, cancel, DialStates.Dialling, ct);
                break;
        }
    }

    void Count(string outcome, CallState state)
    {
        var tag = new KeyValuePair<string, object?>("outcome", outcome);
        Telemetry.Dials.Add(1, tag);
        var queuedAt = DateTimeOffset.FromUnixTimeMilliseconds(state[DialFields.QueuedAt, clock.GetUtcNow().ToUnixTimeMilliseconds()]);
        Telemetry.DialSeconds.Record(Math.Max(0, (clock.GetUtcNow() - queuedAt).TotalSeconds), tag);
    }

    List<KeyValuePair<string, string>> Form(CallId call, CallState state, KeyValuePair<string, string>[] opening) =>
    [
        new("To", state.To ?? ""),
        new("From", account.Value.PhoneNumber),
        .. opening,
        new("FallbackUrl", urls.Fallback(call)),
        new("FallbackMethod", "POST"),
        new("StatusCallback", urls.Status(call)),
        new("StatusCallbackMethod", "POST"),
        new("StatusCallbackEvent", "initiated"),
        new("StatusCallbackEvent", "ringing"),
        new("StatusCallbackEvent", "answered"),
        new("StatusCallbackEvent", "completed"),
        new("Timeout", $"{state[DialFields.Ring, 60]}"),
        new("TimeLimit", $"{state[DialFields.Max, 900] + 60}"),
        new("MachineDetection", "DetectMessageEnd"),
        new("AsyncAmd", "true"),
        new("AsyncAmdStatusCallback", urls.MachineDetection(call)),
        new("AsyncAmdStatusCallbackMethod", "POST"),
    ];
}
