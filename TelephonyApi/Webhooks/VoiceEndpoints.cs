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
        group.MapMethods("/voice", ["GET", "POST"], IncomingAsync).WithSummary("The same under another name");
        group.MapMethods("/transferred", ["GET", "POST"], TransferredAsync).WithSummary("A person was rung for a caller: what next");
        group.MapMethods("/continue", ["GET", "POST"], ContinueAsync).WithSummary("A stream has ended: what next");
        group.MapMethods("/fallback", ["GET", "POST"], FallbackAsync).WithSummary("Twilio could not use our answer");
        group.MapMethods("/keypad", ["GET", "POST"], KeypadAsync).WithSummary("A key was pressed in keypad mode");
        return group;
    }

    /// <summary>The paths under which the systems that this one replaces had themselves called: a number's settings at Twilio need no change.</summary>
    public static RouteGroupBuilder MapAliases(this RouteGroupBuilder group)
    {
        foreach (var path in (string[])["/incoming-call", "/incoming_call", "/inbound_call", "/inbound-call", "/twilio-voice"])
        {
            group.MapMethods(path, ["GET", "POST"], IncomingAsync).WithSummary("As /twilio/incoming");
        }

        return group;
    }

    static Task<IResult> IncomingAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, CallFacts facts, CallRouter router, InboundCalls inbound, CancellationToken ct) =>
        answer.GiveAsync(request, TwimlAnswer.Target("incoming", request.Call, $"wait={request.Count("wait")}"), async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is not { } call)
            {
                return await inbound.AnswerAsync(request, patience);
            }

            await facts.ApplyAsync(call, StatusEndpoints.FactOf(request), patience);
            return await router.DecideAsync(call, request.Count("wait"), 0, patience);
        }, ct, rings: InboundCalls.Rings(request));

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

    static Task<IResult> FallbackAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, CallRouter router, InboundCalls inbound, ILogger<TwimlAnswer> log, CancellationToken ct)
    {
        WebhookLog.Fallback(log, request.Call, request["ErrorCode"], request["ErrorUrl"]);
        return answer.GiveAsync(request, TwimlAnswer.Target("fallback", request.Call), async patience =>
            (request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is { } call
                ? await router.DecideAsync(call, 0, 0, patience)
                : await inbound.AnswerAsync(request, patience), ct, rings: InboundCalls.Rings(request));
    }

    /// <summary>A person's phone was rung for a caller. They spoke, or the conversation goes on where it was left.</summary>
    static Task<IResult> TransferredAsync(
        TwilioRequest request, TwimlAnswer answer, DialStore store, CallFacts facts, CallRouter router, MessageBus bus, ILogger<TwimlAnswer> log, CancellationToken ct)
    {
        var status = request["DialCallStatus"] is { Length: > 0 } given ? given : request["dialled"];
        var again = TwimlAnswer.Target("transferred", request.Call, $"round={request.Count("round")}", $"dialled={Uri.EscapeDataString(status)}");
        return answer.GiveAsync(request, again, async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is not { } call)
            {
                return new Twiml().Hangup();
            }

            WebhookLog.Transferred(log, call, status);
            var connected = status is "completed" or "answered";
            await bus.PublishAsync(new TransferEnded(call, connected, status), patience);
            if (connected)
            {
                await store.SetAsync(call, CallFields.End, "transferred", patience);
                return new Twiml().Say(Phrases.Transferred, (await store.ReadAsync(call, patience)).Session?.Language).Hangup();
            }

            await store.ClearAsync(call, CallFields.End, CallFields.EndedByTransfer, patience);
            await facts.ApplyAsync(call, StatusEndpoints.FactOf(request), patience);
            return await router.DecideAsync(call, 0, request.Count("round"), patience);
        }, ct);
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
