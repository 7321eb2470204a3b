using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// The one place that decides what an answered call does next: hang up, a stream to a live bridge, or keypad mode. Nothing here is
/// remembered in the process, so any replica answers any request.
/// </summary>
sealed class CallRouter(
    DialStore store, CallFacts facts, BridgeChooser bridges, StreamAnswers streams, PublicUrls urls, ILogger<CallRouter> log)
{
    /// <summary>Times a call waits for a bridge, about 3 s each, before the keypad takes over.</summary>
    const int MostWaits = 5;

    /// <summary>Stream answers in a row that brought no stream; each may be some seconds of silence at the phone.</summary>
    const int MostFruitless = 3;

    /// <summary>Seconds that a person's phone rings.</summary>
    const int RingPerson = 20;

    /// <param name="wait">How often this call has been asked to wait in a row.</param>
    /// <param name="round">How often the keypad's text has been said.</param>
    public async Task<Twiml> DecideAsync(CallId call, int wait, int round, CancellationToken ct)
    {
        var state = await store.ReadAsync(call, ct);
        if (state.TransferTo is { } person && !state.Ended)
        {
            WebhookLog.Transfers(log, call, person.Masked);
            return new Twiml().Dial(person.Value, RingPerson, urls.Transferred(call, 0));
        }

        if (state.Over is { } why || state.Ended)
        {
            WebhookLog.HangsUp(log, call, state.Over ?? "the call has ended");
            return new Twiml().Hangup();
        }

        if (state.Session is not { } session)
        {
            WebhookLog.Waits(log, call, "its session", wait + 1);
            return wait < MostWaits
                ? Phrases.OneMoment(Again(call, wait + 1, round))
                : state.Inbound ? await NoPlaceAsync(call, "nobody decides about it", ct) : new Twiml().Say(Phrases.Sorry).Hangup();
        }

        if (state.Inbound && !await store.AdmitAsync(call, ct))
        {
            WebhookLog.Waits(log, call, "a place", wait + 1);
            return wait < MostWaits ? Phrases.OneMoment(Again(call, wait + 1, round), session.Language) : await NoPlaceAsync(call, "as many calls are live as may be", ct);
        }

        if (state.KeypadMode)
        {
            return await KeypadAsync(call, state, session, round, "the speech engine failed", ct);
        }

        if (await bridges.ChooseAsync(state.FailedBridge, ct) is not { } bridge)
        {
            WebhookLog.Waits(log, call, "a bridge", wait + 1);
            return wait < MostWaits
                ? Phrases.OneMoment(Again(call, wait + 1, round), session.Language)
                : await KeypadAsync(call, state, session, round, "no media bridge is live", ct);
        }

        var answer = await streams.ToAsync(call, bridge, session.Language, ct);
        return answer.Fruitless < MostFruitless ? answer.Twiml : await KeypadAsync(call, state, session, round, "no stream came about", ct);
    }

    /// <summary>The incident in plain words and a question that needs one key; asked three times.</summary>
    async Task<Twiml> KeypadAsync(CallId call, CallState state, CallSession session, int round, string why, CancellationToken ct)
    {
        if (session.Incident is null)
        {
            return await WithoutEngineAsync(call, session, round, why, ct);
        }

        WebhookLog.Keypad(log, call, why);
        if (state.Machine)
        {
            // Nothing of the incident to a machine.
            return new Twiml().Say(session.VoicemailText, session.Language).Hangup();
        }

        if (round == 0)
        {
            await facts.AuditAsync(call, "call.keypad-mode", $"The incident is read out and answered by keypad: {why}.", ct);
        }

        if (round >= Phrases.KeypadRounds)
        {
            return new Twiml().Say(Phrases.NoAnswer, session.Language).Hangup();
        }

        return new Twiml()
            .GatherDigit(urls.Keypad(call, round + 1), seconds: 8, session.Language, session.KeypadText, Phrases.KeypadQuestion)
            .Redirect(Again(call, MostWaits, round + 1));
    }

    /// <summary>Somebody who calls us has nothing to accept by key: a person where there is one, else a sentence and a call back.</summary>
    async Task<Twiml> WithoutEngineAsync(CallId call, CallSession session, int round, string why, CancellationToken ct)
    {
        if (session.TransferTo is { } person && round == 0)
        {
            WebhookLog.Transfers(log, call, person.Masked);
            await facts.AuditAsync(call, "call.transfer", $"The caller is put through to a person: {why}.", ct);
            return new Twiml().Say(Phrases.Moment, session.Language).Dial(person.Value, RingPerson, urls.Transferred(call, 1));
        }

        await facts.AuditAsync(call, "call.missed", $"Nobody could go on with the caller: {why}.", ct);
        return new Twiml().Say(session.KeypadText, session.Language).Hangup();
    }

    /// <summary>AgentWorker sees that the call ended without a conversation, and has somebody call back.</summary>
    async Task<Twiml> NoPlaceAsync(CallId call, string why, CancellationToken ct)
    {
        await facts.AuditAsync(call, "call.missed", $"Nobody could talk with the caller: {why}.", ct);
        return new Twiml().Say(Phrases.NoPlace).Hangup();
    }

    string Again(CallId call, int wait, int round) => $"{urls.Continue(call)}&wait={wait}&round={round}";
}
