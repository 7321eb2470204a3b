using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>Takes raw mu-law at 8 kHz as it comes, from the vendor's read loop. Must not wait.</summary>
delegate void AudioSink(ReadOnlySpan<byte> mulaw);

/// <summary>One call's access to one voice. Speaks one text after the other.</summary>
interface ITextToSpeech : IAsyncDisposable
{
    /// <summary>For logs and metrics: vendor and way, for example deepgram-ws.</summary>
    string Name { get; }

    /// <summary>Words will come soon: a connection that is not there may be made now. Does not wait and does not throw.</summary>
    void Warm();

    /// <summary>Speaks; completes when all the audio of the text has been handed over.</summary>
    /// <param name="ct">Stops speaking: nothing is handed over once this is cancelled and the task has ended.</param>
    /// <exception cref="SpeechFailedException">The vendor refused, broke off or sent something else than audio; what was handed over stands.</exception>
    Task SpeakAsync(string text, AudioSink sink, CancellationToken ct);
}

/// <summary>A voice did not speak, or not to the end.</summary>
sealed class SpeechFailedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Makes one kind of voice for a call.</summary>
interface IVoiceMaker
{
    /// <summary>As in <see cref="VoiceChoice.Vendor"/>.</summary>
    string Vendor { get; }

    /// <summary>The ways to this voice, the quickest first.</summary>
    IEnumerable<ITextToSpeech> Make(VoiceChoice choice, string language);
}
