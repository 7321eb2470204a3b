using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>The routes that answer with TwiML: what a call does next.</summary>
static class VoiceEndpoints
{
    public static RouteGroupBuilder MapVoice(this RouteGroupBuilder group)
    {
        group.MapMethods("/incoming", ["GET", "POST"], IncomingAsync).WithSummary("A call was answered, or somebody calls us");
        group.MapMethods("/continue", ["GET", "POST"], ContinueAsync).WithSummary("A stream has ended: what next");
        group.MapMethods("/fallback", ["GET", "POST"], FallbackAsync).WithSummary("Twilio could not use our answer");
        group.MapMethods("/keypad", ["GET", "POST"], KeypadAsync).WithSummary("A key was pressed in keypad mode");
        return group;
    }

    static Task<IResult> IncomingAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, CallFacts facts, CallRouter router, MessageBus bus,
        ILogger<TwimlAnswer> log, CancellationToken ct) =>
        answer.GiveAsync(request, TwimlAnswer.Target("incoming", request.Call, $"wait={request.Count("wait")}"), async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is { } call)
            {
                await facts.ApplyAsync(call, StatusEndpoints.FactOf(request), patience);
                return await router.DecideAsync(call, request.Count("wait"), 0, patience);
            }

            if (request.Phone("From") is { } from && request.Phone("To") is { } to
                && request.CallSid.Length > 0 && CallId.TryParse($"in-{request.CallSid}.1", out var inbound))
            {
                WebhookLog.Inbound(log, request.CallSid, from.Masked);
                await bus.PublishAsync(new CallReceived(inbound, request.CallSid, from, to), patience);
                await facts.AuditAsync(inbound, "call.received", $"A call came in from {from.Masked}.", patience);
            }

            return new Twiml().Say(Phrases.Inbound).Hangup();
        }, ct);

    static Task<IResult> ContinueAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, CallFacts facts, CallRouter router, CancellationToken ct)
    {
        var again = TwimlAnswer.Target(
            "continue", request.Call, $"answer={request.Count("answer")}", $"wait={request.Count("wait")}", $"round={request.Count("round")}");
        return answer.GiveAsync(request, again, async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is not { } call)
            {
                return new Twiml().Hangup();
            }

            // Every request says how the call stands, also where its reports are lost.
            await facts.ApplyAsync(call, StatusEndpoints.FactOf(request), patience);
            if (request.Count("answer") > 0)
            {
                await store.ClaimAsync(call, request.Count("answer"), DialFields.Continued, patience);
            }

            return await router.DecideAsync(call, request.Count("wait"), request.Count("round"), patience);
        }, ct);
    }

    static Task<IResult> FallbackAsync(TwilioRequest request, TwimlAnswer answer, CallRouter router, ILogger<TwimlAnswer> log, CancellationToken ct)
    {
        WebhookLog.Fallback(log, request.Call, request["ErrorCode"], request["ErrorUrl"]);
        return answer.GiveAsync(request, TwimlAnswer.Target("fallback", request.Call), async patience =>
            request.Call is { } call ? await router.DecideAsync(call, 0, 0, patience) : new Twiml().Say(Phrases.Inbound).Hangup(), ct);
    }

    static Task<IResult> KeypadAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, IncidentStore incidents, CallRouter router, MessageBus bus, ILogger<TwimlAnswer> log,
        CancellationToken ct)
    {
        // The digit travels on in our own URL while Redis is away: what was pressed is not asked twice.
        var digits = request["Digits"] is { Length: > 0 } pressed ? pressed : request["pressed"];
        var digit = digits.Length > 0 && (char.IsAsciiDigit(digits[0]) || digits[0] is '*' or '#') ? digits[..1] : "";
        var again = TwimlAnswer.Target("keypad", request.Call, $"round={request.Count("round")}", $"pressed={Uri.EscapeDataString(digit)}");
        return answer.GiveAsync(request, again, async patience =>
        {
            if (request.Call is not { } call)
            {
                return new Twiml().Hangup();
            }

            var state = await store.ReadAsync(call, patience);
            if (!state.Exists)
            {
                return new Twiml().Say(Phrases.Sorry).Hangup();
            }

            using var span = Telemetry.Span("keypad", call, state.Trace);
            var language = state.Session?.Language;
            if (digit is "1" or "2")
            {
                WebhookLog.Pressed(log, call, digit);
                await bus.PublishAsync(new KeypadPressed(call, digit, InKeypadMode: true), patience);
                await store.SetAsync(call, DialFields.Keypad, digit, patience);
                if (state.Session?.Incident is { } incident && await IsSettledAsync(incidents, incident, log, patience))
                {
                    // AgentWorker ignores the key then: nobody may drive off in the belief of being expected.
                    return new Twiml().Say(Phrases.Settled, language).Hangup();
                }

                return new Twiml().Say(digit == "1" ? Phrases.Accepted : Phrases.Declined, language).Hangup();
            }

            // 9 is a wish to hear it again, however often; anything else counts as a round.
            var round = digit == "9" ? 0 : request.Count("round");
            var next = await router.DecideAsync(call, 5, round, patience);
            return digit is "9" or "" ? next : next.Before(Phrases.NotAChoice, language);
        }, ct);
    }

    static async Task<bool> IsSettledAsync(IncidentStore incidents, IncidentId incident, ILogger log, CancellationToken ct)
    {
        try
        {
            return await incidents.ReadAsync(incident, ct) is { Status: IncidentStatus.Withdrawn };
        }
        catch (JsonException error)
        {
            // Of a newer version, say: the key counts all the same.
            WebhookLog.UnreadableIncident(log, error, incident);
            return false;
        }
    }
}
