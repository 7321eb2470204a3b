using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// The first words. Whoever picks up says "Hello?", and a greeting that starts at that moment is talked over by both sides. So it waits:
/// until the hello is over, or until nobody has said anything for a while. The engine hears the caller from the greeting on.
/// </summary>
sealed partial class Conversation
{
    bool greetingDue;
    bool greetingFetched;
    ReadOnlyMemory<byte>? greeting;

    /// <summary>The greeting began in the pause behind a hello, or into it; where more comes, it is an utterance from the hello on.</summary>
    bool helloRuns;

    /// <summary>The phrase is fetched or given up within its deadline; this is for a fault of ours, so that no call waits for ever.</summary>
    const double GreetingAtMostMs = 3000;

    /// <summary>A word or two need not be followed by as long a pause as a sentence: the callee waits for us.</summary>
    const double HelloPauseMs = 220;

    bool IsSayingHello => detector.IsSpeaking && detector.SilenceMs < HelloPauseMs;

    void GreetWhenHelloIsOver(double now)
    {
        if (!greetingDue || (!greetingFetched && now < GreetingAtMostMs) || now < options.HelloWaitMs || (IsSayingHello && now < options.LongestHelloMs))
        {
            return;
        }

        greetingDue = false;
        helloRuns = detector.IsSpeaking;
        if (deaf)
        {
            return; // a machine answered: it gets the call-back text instead
        }

        if (greeting is { } audio)
        {
            PlayOurselves(session.Greeting, audio);
        }
        else
        {
            // Never dead air: a chime now, and the greeting from the engine as soon as it is there.
            ConversationLog.GreetingLate(log);
            PlayOurselves("", Earcon.Audio);
            SayThroughEngine(session.Greeting);
        }
    }
}
