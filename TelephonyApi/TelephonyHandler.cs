using System.Diagnostics;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Messages;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.TelephonyApi.Webhooks;

namespace CityMonitor.TelephonyApi;

/// <summary>AgentWorker's orders, from cm:telephony.</summary>
sealed class TelephonyHandler(
    DialStore store, CallStore calls, CallEnder ender, CallFacts facts, TwilioClient twilio, DialSignal signal, MessageSender messages,
    ILogger<TelephonyHandler> log) : IMessageHandler, IDisposable
{
    /// <summary>Orders that are carried out at once.</summary>
    public const int Concurrency = 32;

    /// <summary>Of these, texts: a text may take seconds for each of its parts, and no call may have to wait behind them.</summary>
    const int MostTexts = Concurrency / 2;

    static readonly TimeSpan textWait = TimeSpan.FromSeconds(1);

    readonly SemaphoreSlim texts = new(MostTexts);

    public void Dispose() => texts.Dispose();

    public ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct) => delivery.Message switch
    {
        PlaceCall place => PlaceAsync(place, step, ct),
        EndCall end => EndAsync(end, step, ct),
        AnswerCall answer => AnswerAsync(answer, step, ct),
        SendMessage message => TextAsync(message, step, ct),
        var other => ValueTask.FromResult(Handled.Dead($"TelephonyApi does not know how to handle {other.GetType().Name}")),
    };

    async ValueTask<Handled> TextAsync(SendMessage message, Step step, CancellationToken ct)
    {
        if (!texts.Wait(0, CancellationToken.None))
        {
            return Handled.Retry(textWait);
        }

        try
        {
            return await messages.SendAsync(message, step, ct);
        }
        finally
        {
            texts.Release();
        }
    }

    async ValueTask<Handled> PlaceAsync(PlaceCall place, Step step, CancellationToken ct)
    {
        if (await calls.ReadSessionAsync(place.Call, ct) is null)
        {
            step.Publish(new CallEnded(place.Call, CallEnd.Failed, null, null, "the call has no session: what to say is not known"));
            return Handled.Done;
        }

        var state = await store.EnqueueAsync(place, Activity.Current?.Id, ct);
        if (state == "new")
        {
            CallLog.Queued(log, place.Call, place.To.Masked, place.Priority);
            step.Publish(new AuditEntry("TelephonyApi", "call.queued", place.Call.Root, place.Call, $"Queued to call {place.To.Masked}, priority {place.Priority}."));
            signal.Wake();
        }
        else if (state is "cancelled" or DialStates.Ended)
        {
            await TellCancelledAsync(place.Call, step, ct);
        }

        return Handled.Done;
    }

    /// <summary>A call that came in has been given its id. It may have been hung up, or answered otherwise, while that was decided.</summary>
    async ValueTask<Handled> AnswerAsync(AnswerCall answer, Step step, CancellationToken ct)
    {
        if (!await store.ReceiveAsync(answer.Call, answer.CallSid, answer.From, InboundCalls.Longest, ct))
        {
            step.Publish(new CallEnded(answer.Call, CallEnd.Canceled, null, null, "the call was answered otherwise"));
            return Handled.Done;
        }

        var known = await twilio.GetCallAsync(answer.CallSid, ct);
        if (known.Unreachable)
        {
            return Handled.Retry(TimeSpan.FromSeconds(2));
        }

        if (known.Ok && CallStatus.RankOf(known.Value!.Status) == CallStatus.Terminal)
        {
            await facts.ApplyAsync(answer.Call, new CallFact(answer.CallSid, known.Value.Status, Seconds: known.Value.Seconds), ct);
        }

        return Handled.Done;
    }

    async ValueTask<Handled> EndAsync(EndCall end, Step step, CancellationToken ct)
    {
        var (before, sid, progress) = await store.CancelAsync(end.Call, end.Reason, ct);
        CallLog.Ending(log, end.Call, end.Reason, before);
        if (before is DialStates.Queued or DialStates.Ended)
        {
            await TellCancelledAsync(end.Call, step, ct);
            signal.Wake();
        }
        else if (before == DialStates.Placed && sid is not null && !await ender.EndAtTwilioAsync(sid, progress, ct))
        {
            return Handled.Retry(TimeSpan.FromSeconds(2));
        }

        // While it is dialled the mark is enough: whoever learns its CallSid ends it.
        return Handled.Done;
    }

    /// <summary>A call that was cancelled before Twilio had it. Told again at a redelivery: the first one may have died before its commit.</summary>
    async Task TellCancelledAsync(CallId call, Step step, CancellationToken ct)
    {
        var state = await store.ReadAsync(call, ct);
        if (state[DialFields.End] == nameof(CallEnd.Canceled) && state.Sid is null)
        {
            var reason = state[DialFields.Cancel];
            step.Publish(new CallEnded(call, CallEnd.Canceled, null, null, reason));
            step.Publish(new AuditEntry("TelephonyApi", "call.ended", call.Root, call, $"Cancelled before it was dialled: {reason}."));
        }
    }
}
