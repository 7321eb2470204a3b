using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Takes a call that comes in. AgentWorker is told first, so it is never lost; then it goes the way of every answered call.</summary>
sealed class InboundCalls(DialStore store, CallFacts facts, CallRouter router, CallStore calls, MessageBus bus, IOptions<DialOptions> options, TimeProvider clock, ILogger<InboundCalls> log)
{
    static readonly TimeSpan look = TimeSpan.FromMilliseconds(15);

    /// <summary>The caller's number stays taken no longer than this where the end of the call is never told.</summary>
    static readonly TimeSpan longestCall = TimeSpan.FromMinutes(30);

    public async Task<Twiml> AnswerAsync(TwilioRequest request, CancellationToken ct)
    {
        if (request.CallSid.Length == 0 || !CallId.TryParse($"in-{request.CallSid}.1", out var call) || request.Phone("To") is not { } to)
        {
            return new Twiml().Say(Phrases.SorryInbound).Hangup();
        }

        var from = request.Phone("From");
        var caller = from?.Masked ?? "a hidden number";
        WebhookLog.Inbound(log, request.CallSid, caller);
        await bus.PublishAsync(new CallReceived(call, request.CallSid, from, to), ct);
        await facts.AuditAsync(call, "call.received", $"A call came in from {caller}.", ct);
        await store.ReceiveAsync(call, request.CallSid, from, longestCall, ct);
        for (var start = clock.GetTimestamp(); await calls.ReadSessionAsync(call, ct) is null && clock.GetElapsedTime(start) < options.Value.SessionWait;)
        {
            await Task.Delay(look, clock, ct);
        }

        return await router.DecideAsync(call, 0, 0, ct);
    }
}
