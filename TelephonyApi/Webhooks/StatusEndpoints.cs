using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Calls;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Twilio's progress reports on calls and streams. The answer is always 204: Twilio does nothing with another one.</summary>
static class StatusEndpoints
{
    public static RouteGroupBuilder MapCallStatus(this RouteGroupBuilder group)
    {
        group.MapMethods("/status", ["GET", "POST"], StatusAsync).WithSummary("A call's progress");
        group.MapMethods("/amd", ["GET", "POST"], MachineDetectionAsync).WithSummary("Who answered");
        group.MapMethods("/stream-status", ["GET", "POST"], StreamStatusAsync).WithSummary("A stream started, stopped or failed");
        return group;
    }

    public static RouteGroupBuilder MapStatusAliases(this RouteGroupBuilder group)
    {
        foreach (var path in (string[])["/call_events", "/call-status", "/events"])
        {
            group.MapPost(path, StatusAsync).WithSummary("As /twilio/status");
        }

        return group;
    }

    public static CallFact FactOf(TwilioRequest request) => new(
        request.CallSid,
        request["CallStatus"],
        request.Number("SequenceNumber"),
        request.Number("CallDuration"),
        request.Number("ErrorCode"),
        Detail: request["ErrorMessage"] is { Length: > 0 } message ? message : null,
        To: request["To"]);

    static Task<IResult> StatusAsync(TwilioRequest request, CallbackIntake intake, DialStore store, CallFacts facts, CancellationToken ct) =>
        intake.TakeAsync("status", async patience =>
        {
            if (request.CallSid.Length > 0 && (request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is { } call)
            {
                await facts.ApplyAsync(call, FactOf(request), patience);
            }
        }, ct);

    static Task<IResult> MachineDetectionAsync(TwilioRequest request, CallbackIntake intake, DialStore store, CallFacts facts, MessageBus bus, CancellationToken ct) =>
        intake.TakeAsync("amd", async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is not { } call)
            {
                return;
            }

            var state = await store.ReadAsync(call, patience);
            if (state.Dial is null)
            {
                return;
            }

            using var span = Telemetry.Span("machine detection", call, state.Trace);
            var kind = CallStatus.AnsweredByOf(request["AnsweredBy"]);
            await bus.PublishAsync(new AnsweredBy(call, kind), patience);
            await store.SetAsync(call, DialFields.AnsweredBy, kind.ToString(), patience);
            await facts.AuditAsync(call, "call.answered-by", $"Machine detection says: {request["AnsweredBy"]}.", patience);
        }, ct);

    static Task<IResult> StreamStatusAsync(TwilioRequest request, CallbackIntake intake, DialStore store, StreamErrors errors, ILogger<CallbackIntake> log, CancellationToken ct) =>
        intake.TakeAsync("stream-status", async patience =>
        {
            if ((request.Call ?? await store.OfSidAsync(request.CallSid, patience)) is not { } call)
            {
                return;
            }

            WebhookLog.StreamEvent(log, call, request["StreamEvent"], request["StreamError"]);
            if (request["StreamEvent"] == "stream-error")
            {
                errors.Add(call, request.CallSid, request.Count("answer"));
            }
        }, ct);
}

/// <summary>Takes one report in, waiting out a short Redis outage.</summary>
sealed class CallbackIntake(RedisPatience patience, ILogger<CallbackIntake> log)
{
    public async Task<IResult> TakeAsync(string kind, Func<CancellationToken, Task> work, CancellationToken ct)
    {
        Telemetry.Callbacks.Add(1, new KeyValuePair<string, object?>("kind", kind));
        try
        {
            // A report that is lost here is made good: live calls and messages under way are looked up at Twilio when they fall silent.
            await patience.TryAsync(async token =>
            {
                await work(token);
                return kind;
            }, ct);
        }
        catch (Exception error) when (error is not OperationCanceledException and not RedisException)
        {
            WebhookLog.Failed(log, error, kind);
        }

        return Results.NoContent();
    }
}
