using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>
/// An engine whose turns are taken here and answered by AgentWorker, not by a vendor's agent. Every member is called under
/// <see cref="ITurnEvents.Gate"/>, the conversation's one lock, and takes it itself for what comes from vendors: so engine and
/// conversation see the same moment.
/// </summary>
interface ITurnTakingEngine : IConversationEngine
{
    /// <summary>The phone may be cleared on a sound of the caller, before there are words. Not where only words count, or where the line echoes.</summary>
    bool BargesInOnSound { get; }

    /// <summary>The conversation gives up on an answer that has not begun after this.</summary>
    int AnswerWithinMs { get; }

    /// <summary>Received from AgentWorker and not handed to the phone yet: what another bridge would have to say.</summary>
    string Unspoken { get; }

    /// <summary>There are words that have not been handed to the phone whole.</summary>
    bool HasWords { get; }

    /// <summary>What the caller has said of a turn that is not over; the line may break before it is.</summary>
    string Unfinished { get; }

    /// <summary>Something that the caller has said is not a turn yet.</summary>
    bool OwesWords { get; }

    void CallerStarted();

    /// <param name="silentSinceMs">When the last sound was.</param>
    /// <param name="voiced">How much sound there was, in ms.</param>
    void CallerStopped(double silentSinceMs, int voiced);

    void Digit(char digit);

    /// <summary>The next piece of the answer to the newest turn.</summary>
    void Speak(string text);

    /// <summary>No more pieces come.</summary>
    void AnswerComplete();

    /// <summary>What has not reached the phone of the answer is not wanted any more.</summary>
    void StopSpeaking();

    /// <summary>The phone was cleared.</summary>
    void Cleared();

    /// <summary>The caller is not heard any more: what there is to say comes out, whatever they do.</summary>
    void HearNoMore();

    /// <summary>That was a false alarm; what had been cut off has come back by <see cref="IConversationEngine.Say"/> just now.</summary>
    void GoOn();
}

/// <summary>What the phone has of the agent.</summary>
/// <param name="Talking">Something is being heard, or was until the caller's sound stopped it.</param>
/// <param name="Heard">All that was heard since the caller's last turn.</param>
/// <param name="Recent">The same and what is on its way: an echo would be of these words.</param>
/// <param name="QuietMs">How long the phone has been silent; 0 while it plays.</param>
readonly record struct AgentSpeech(bool Talking, string Heard, string Recent, double QuietMs);

/// <summary>What a conversation does for such an engine.</summary>
interface ITurnEvents : IEngineEvents
{
    Lock Gate { get; }

    double NowMs { get; }

    AgentSpeech AgentSpeech { get; }

    /// <summary>Publishes a <see cref="UserTurn"/>; older turns are over with it. Confirmed words are on record before: only what was said can be a yes.</summary>
    /// <returns>Its number; 0 where nobody shall answer any more.</returns>
    int AskAgent(ITurnTakingEngine engine, string text, bool confirmed, TurnSource source, bool again);

    /// <summary>What was likely is certain: its words go on record, then <see cref="TurnConfirmed"/> is published.</summary>
    void ConfirmTurn(ITurnTakingEngine engine, int turn, string text);

    /// <summary>Publishes <see cref="AgentInterrupted"/>.</summary>
    void DropTurn(ITurnTakingEngine engine, int turn);

    /// <summary>The sound that stopped the agent was no speech, or none that wants the word: the agent goes on.</summary>
    void NothingSaid(ITurnTakingEngine engine);

    /// <summary>The caller has said something, and nobody can tell what: they are asked to say it again.</summary>
    void NotUnderstood(ITurnTakingEngine engine);

    /// <summary>Passes the utterance that nobody has understood yet to <see cref="IConversationEngine.Hear"/> again.</summary>
    void HearAgain(ITurnTakingEngine engine);
}
