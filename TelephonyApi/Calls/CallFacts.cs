using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>What Twilio says of a call, by callback, by its list, or by the answer to a request.</summary>
sealed record CallFact(
    string Sid,
    string? Status,
    int? Sequence = null,
    int? Seconds = null,
    int? ErrorCode = null,
    string? Detail = null,
    string? To = null);

/// <summary>
/// Takes Twilio's facts into the call's state and tells AgentWorker. An event is published before it is noted, so it may be told twice
/// but never not at all.
/// </summary>
sealed class CallFacts(DialStore store, MessageBus bus, CallEnder ender, DialSignal signal, ILogger<CallFacts> log)
{
    public async Task ApplyAsync(CallId call, CallFact fact, CancellationToken ct)
    {
        var rank = CallStatus.RankOf(fact.Status);
        var state = await store.ReadAsync(call, ct);
        using var span = Telemetry.Span($"call {fact.Status}", call, state.Trace);
        if (!state.Exists || state.Dial is null)
        {
            // An inbound call's, or one from before Redis was wiped.
            CallLog.UnknownCall(log, call, fact.Sid, fact.Status);
            if (rank == CallStatus.Terminal)
            {
                await UnblockAsync(fact, fact.To, ct);
            }

            return;
        }

        if (rank == 0)
        {
            CallLog.UnknownStatus(log, call, fact.Status);
            return;
        }

        await SettleAsync(call, fact, state, rank, ct);
        if (rank <= state[DialFields.Progress, 0])
        {
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", "stale"));
            CallLog.Stale(log, call, fact.Status, fact.Sequence);
            await store.AdvanceAsync(call, 0, fact.Sequence, ct);
            return;
        }

        // The event may be told twice (the TwiML request and the status callback of an answer come together), the timeline has it once.
        if (EventOf(call, fact, rank) is { } told)
        {
            await bus.PublishAsync(told, ct);
        }

        var first = await store.AdvanceAsync(call, rank == CallStatus.Terminal ? 0 : rank, fact.Sequence, ct);
        if (rank == CallStatus.Terminal)
        {
            first = await store.EndAsync(call, CallStatus.EndOf(fact.Status)!.Value, ct);
            await UnblockAsync(fact, fact.To is { Length: > 0 } to ? to : state.To, ct);
        }

        if (first)
        {
            CallLog.Rose(log, call, fact.Status);
            await AuditAsync(call, fact, rank, ct);
        }
    }

    /// <summary>The end of a call that Twilio never had, or will not have.</summary>
    /// <param name="from">The state it must still be in: a callback may have settled it meanwhile.</param>
    public async Task EndAsync(CallId call, CallEnd end, int? errorCode, string? detail, string from, CancellationToken ct)
    {
        if (await store.EndUntoldAsync(call, end, from, errorCode, detail, ct))
        {
            await TellEndAsync(call, end, errorCode, detail, ct);
        }
    }

    /// <summary>Publishes an end that is in the state already; also after a crash between the two.</summary>
    public async Task TellEndAsync(CallId call, CallEnd end, int? errorCode, string? detail, CancellationToken ct)
    {
        await bus.PublishAsync(new CallEnded(call, end, null, errorCode, detail), ct);
        await AuditAsync(call, "call.ended", Words(end, null, detail), ct);
        await store.ToldAsync(call, ct);
        signal.Wake();
    }

    public Task AuditAsync(CallId call, string kind, string text, CancellationToken ct) =>
        bus.PublishAsync(new AuditEntry("TelephonyApi", kind, call.Root, call, text), ct);

    /// <summary>The first word of Twilio's about a call says that it exists, whatever became of the create request's answer.</summary>
    async Task SettleAsync(CallId call, CallFact fact, CallState state, int rank, CancellationToken ct)
    {
        if (state.Dial is DialStates.Placed or DialStates.Ended && state.Sid == fact.Sid)
        {
            return;
        }

        var (before, cancel) = await store.PlaceAsync(call, fact.Sid, ct);
        if (before == DialStates.Ended)
        {
            if (rank < CallStatus.Terminal)
            {
                // Given up as unknown, or ended by an operator while it was under way: the phone must not go on ringing.
                CallLog.Stray(log, call, fact.Sid);
                await ender.EndAtTwilioAsync(fact.Sid, rank, ct);
            }

            return;
        }

        if (before != DialStates.Placed)
        {
            await bus.PublishAsync(new CallPlaced(call, fact.Sid), ct);
            await AuditAsync(call, "call.placed", $"Twilio has the call ({fact.Sid}).", ct);
            CallLog.Placed(log, call, fact.Sid);
        }

        if (cancel is not null && rank < CallStatus.Terminal)
        {
            await ender.EndAtTwilioAsync(fact.Sid, rank, ct);
        }
    }

    /// <summary>A call from before Redis was wiped blocked its number by its CallSid, also where its incident has got the same call id again.</summary>
    async Task UnblockAsync(CallFact fact, string? to, CancellationToken ct)
    {
        if (PhoneNumber.TryParse(to, out var number))
        {
            await store.UnblockNumberAsync(number, fact.Sid, ct);
        }

        signal.Wake();
    }

    static CallMessage? EventOf(CallId call, CallFact fact, int rank) => rank switch
    {
        CallStatus.Ringing => new CallRinging(call),
        CallStatus.Answered => new CallAnswered(call),
        CallStatus.Terminal => new CallEnded(call, CallStatus.EndOf(fact.Status)!.Value, fact.Seconds, fact.ErrorCode, DetailOf(fact)),
        _ => null,
    };

    Task AuditAsync(CallId call, CallFact fact, int rank, CancellationToken ct) => rank switch
    {
        CallStatus.Ringing => AuditAsync(call, "call.ringing", "The phone is ringing.", ct),
        CallStatus.Answered => AuditAsync(call, "call.answered", "The call was answered.", ct),
        CallStatus.Terminal => AuditAsync(call, "call.ended", Words(CallStatus.EndOf(fact.Status)!.Value, fact.Seconds, DetailOf(fact)), ct),
        _ => Task.CompletedTask,
    };

    static string? DetailOf(CallFact fact) => fact.Detail ?? ErrorWords.Of(fact.ErrorCode, null);

    static string Words(CallEnd end, int? seconds, string? detail) => end switch
    {
        CallEnd.Completed => "The call has ended",
        CallEnd.Busy => "The line was busy",
        CallEnd.NoAnswer => "Nobody answered",
        CallEnd.Failed => "The call failed",
        CallEnd.Canceled => "The call was cancelled",
        _ => "It is not known what became of the call",
    } + (seconds is > 0 ? string.Create(CultureInfo.InvariantCulture, $" after {seconds} s") : "") + (detail is null ? "." : $": {detail}.");
}
