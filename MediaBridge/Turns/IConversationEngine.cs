using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>Turns audio into turns and turns into audio. Nothing here waits: what cannot be queued is dropped and counted.</summary>
interface IConversationEngine : IAsyncDisposable
{
    /// <summary>The connection is gone; set before <see cref="IEngineEvents.Lost"/> is called.</summary>
    bool HasEnded { get; }

    /// <summary>The caller's audio, raw mu-law at 8 kHz.</summary>
    void Hear(ReadOnlySpan<byte> mulaw);

    /// <summary>Something the caller said, as text: an utterance that an engine before this one had understood and not answered.</summary>
    void HearText(string text);

    /// <summary>Says this when next free, as the agent.</summary>
    void Say(string text);

    void Answer(string toolCallId, string name, string content);

    /// <summary>Keeps the vendor's connection open where no audio flows.</summary>
    void Tick();
}

/// <summary>What an engine tells its conversation. Called from the engine's read loop; each call names the engine, so that one that was replaced is not heard.</summary>
interface IEngineEvents
{
    /// <summary>A sign of life that means nothing else.</summary>
    void Alive(IConversationEngine engine);

    void ResponderStartedSpeaking(IConversationEngine engine);

    void ResponderSaid(IConversationEngine engine, string text);

    /// <summary>A new turn of the agent begins: what still comes of an older one is over.</summary>
    void AgentStartedSpeaking(IConversationEngine engine);

    void AgentSays(IConversationEngine engine, string text);

    void AgentAudio(IConversationEngine engine, ReadOnlySpan<byte> mulaw);

    /// <summary>The agent's turn has been sent whole.</summary>
    void AgentAudioDone(IConversationEngine engine);

    void ToolCalled(IConversationEngine engine, ToolCall call);

    void ToolCancelled(IConversationEngine engine, string toolCallId);

    /// <summary>The connection is gone.</summary>
    void Lost(IConversationEngine engine, string reason);
}

/// <param name="Arguments">The model's JSON, unchecked.</param>
sealed record ToolCall(string Id, string Name, string Arguments);

/// <summary>What a new engine is told of the conversation so far.</summary>
abstract record HistoryEntry
{
    public sealed record Said(Speaker Speaker, string Text) : HistoryEntry;

    public sealed record ToolUsed(ToolCall Call, string Result) : HistoryEntry;
}

interface IConversationEngineFactory
{
    /// <summary>Connects and configures; returns when audio may flow.</summary>
    /// <exception cref="EngineRefusedException">The vendor said no.</exception>
    Task<IConversationEngine> OpenAsync(CallSession session, IReadOnlyList<HistoryEntry> history, IEngineEvents events, CancellationToken ct);
}

/// <summary>An engine could not be opened.</summary>
/// <param name="final">Asking again will not help: wrong credentials, wrong settings.</param>
sealed class EngineRefusedException(string message, bool final, Exception? inner = null) : Exception(message, inner)
{
    public bool Final { get; } = final;
}
