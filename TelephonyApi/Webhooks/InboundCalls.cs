using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// Takes a call that comes in. AgentWorker is told first, so it is never lost; then it goes the way of every answered call. Whoever was
/// called about an open incident calls back about it, if that incident's worker says so; everybody else reaches the reception.
/// </summary>
sealed class InboundCalls(
    DialStore store, CallFacts facts, CallRouter router, CallStore calls, IncidentStore incidents, MessageBus bus, PublicUrls urls, IOptions<DialOptions> options,
    TimeProvider clock, ILogger<InboundCalls> log)
{
    static readonly TimeSpan look = TimeSpan.FromMilliseconds(15);

    /// <summary>The same wait once the call is answered: its caller hears nothing meanwhile.</summary>
    static readonly TimeSpan silentWait = TimeSpan.FromMilliseconds(300);

    /// <summary>Rounds that an incident's worker is waited for, before the reception takes the call.</summary>
    const int MostWaits = 2;

    /// <summary>The caller's number stays taken no longer than this where the end of the call is never told.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    /// <summary>The caller hears the ringing tone until the answer comes.</summary>
    public static bool Rings(TwilioRequest request) => request["Direction"] == "inbound" && request["CallStatus"] == "ringing";

    public async Task<Twiml> AnswerAsync(TwilioRequest request, CancellationToken ct)
    {
        if (request.CallSid.Length == 0 || !CallId.TryParse($"in-{request.CallSid}.1", out var call) || request.Phone("To") is not { } to)
        {
            return new Twiml().Say(Phrases.SorryInbound).Hangup();
        }

        var from = request.Phone("From");
        var caller = from?.Masked ?? "a hidden number";
        WebhookLog.Inbound(log, request.CallSid, caller);
        var wait = request.Count("wait");
        var patience = Rings(request) || options.Value.SessionWait < silentWait ? options.Value.SessionWait : silentWait;
        if (from is { } number && wait < MostWaits && await OpenIncidentAsync(number, ct) is { } incident)
        {
            await bus.PublishAsync(new ResponderCalled(incident, request.CallSid, number, to), ct);
            return await UntilAsync(() => store.OfSidAsync(request.CallSid, ct), patience, ct) is { } decided
                ? await DecideAsync(decided, patience, ct)
                : Phrases.OneMoment(urls.Same(TwimlAnswer.Target("incoming", null, $"wait={wait + 1}")));
        }

        await bus.PublishAsync(new CallReceived(call, request.CallSid, from, to), ct);
        await facts.AuditAsync(call, "call.received", $"A call came in from {caller}.", ct);
        if (!await store.ReceiveAsync(call, request.CallSid, from, Longest, ct) && await store.OfSidAsync(request.CallSid, ct) is { } other)
        {
            // Decided at this very moment.
            return await DecideAsync(other, patience, ct);
        }

        return await DecideAsync(call, patience, ct);
    }

    async Task<Twiml> DecideAsync(CallId call, TimeSpan patience, CancellationToken ct)
    {
        await UntilAsync(() => calls.ReadSessionAsync(call, ct), patience, ct);
        return await router.DecideAsync(call, 0, 0, ct);
    }

    /// <summary>The incident about which this number was called and has not answered; its worker knows it better.</summary>
    async Task<IncidentId?> OpenIncidentAsync(PhoneNumber number, CancellationToken ct)
    {
        try
        {
            return await store.IncidentOfAsync(number, ct) is { } incident
                && await incidents.ReadAsync(incident, ct) is { Status: IncidentStatus.Calling or IncidentStatus.Unreachable } ? incident : null;
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or FormatException)
        {
            return null; // of another version, say: the reception answers
        }
    }

    /// <summary>AgentWorker decides within milliseconds; the phone rings on meanwhile.</summary>
    async Task<T?> UntilAsync<T>(Func<Task<T?>> read, TimeSpan patience, CancellationToken ct)
    {
        for (var start = clock.GetTimestamp(); ;)
        {
            if (await read() is { } there)
            {
                return there;
            }

            if (clock.GetElapsedTime(start) >= patience)
            {
                return default;
            }

            await Task.Delay(look, clock, ct);
        }
    }
}
