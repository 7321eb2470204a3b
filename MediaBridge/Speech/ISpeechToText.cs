namespace CityMonitor.MediaBridge.Speech;

/// <summary>What a vendor says about the end of the caller's turn, beside the words.</summary>
enum SpeechEnd
{
    /// <summary>Nothing: the caller may still be speaking.</summary>
    None,

    /// <summary>There was silence behind these words (endpointing, a commit).</summary>
    Silence,

    /// <summary>A model of turns finds an end likely.</summary>
    Likely,

    /// <summary>A model of turns is certain.</summary>
    Certain,
}

/// <param name="Text">Where final, a piece to be joined to the final ones before it; else all that was heard since the last final one, replacing the one before.</param>
readonly record struct Transcript(string Text, bool IsFinal, SpeechEnd End);

/// <summary>One connection to a vendor that writes down what the caller says. Nothing here waits.</summary>
interface ISpeechToText : IAsyncDisposable
{
    string Vendor { get; }

    /// <summary>The caller's audio, raw mu-law at 8 kHz, in messages of 60 to 80 ms.</summary>
    void Hear(ReadOnlySpan<byte> mulaw);

    /// <summary>Our own detector hears the caller begin; some of the words have been passed to <see cref="Hear"/> already.</summary>
    void SpeechStarted();

    /// <summary>Our own detector hears that the caller has stopped: what was heard so far is wanted now.</summary>
    void SpeechEnded();

    /// <summary>About every 50 ms: keeps the connection open.</summary>
    void Tick();

    /// <summary>At work on something that it has whole: its other signs of life say nothing about that.</summary>
    bool IsWriting => false;
}

/// <summary>What a connection tells; from its read loop. Each call names the connection, so that one that was replaced is not heard.</summary>
interface ISpeechToTextEvents
{
    void Heard(ISpeechToText from, Transcript transcript);

    /// <summary>Any message at all: the vendor is not mute.</summary>
    void Alive(ISpeechToText from);

    void Lost(ISpeechToText from, string reason);
}

/// <param name="Keyterms">Words that this call will probably hear: streets, agencies.</param>
sealed record ListenSettings(string Language, IReadOnlyList<string> Keyterms);

/// <summary>Opens connections to one kind of ear.</summary>
interface IEarMaker
{
    /// <summary>As in <see cref="Messaging.State.SpeechChoice.Ears"/>.</summary>
    string Name { get; }

    /// <exception cref="Turns.EngineRefusedException">The vendor said no, or was not there.</exception>
    Task<ISpeechToText> OpenAsync(ListenSettings settings, ISpeechToTextEvents events, CancellationToken ct);
}
