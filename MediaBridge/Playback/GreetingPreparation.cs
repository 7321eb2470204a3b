using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.MediaBridge.Playback;

/// <summary>Handles <see cref="PrepareGreeting"/> (work stream cm:media): while the phone rings, the greeting is synthesised and kept for whichever bridge gets the call.</summary>
sealed class GreetingPreparation(CallStore calls, PhraseBook phrases) : IMessageHandler
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        if (delivery.Message is not PrepareGreeting prepare)
        {
            return Handled.Dead($"cm:media takes PrepareGreeting, not {delivery.Message.GetType().Name}.");
        }

        // No session, or a vendor that fails: the bridge that gets the call tries again itself and has a fallback.
        if (await calls.ReadSessionAsync(prepare.Call, ct) is { } session)
        {
            await phrases.GetAsync(session.Voice, session.Greeting, common: false, Patience, ct);
            await phrases.WarmAsync(session.Voice, HoldingPhrases.Of(session.Language), ct);
        }

        return Handled.Done;
    }
}
