using System.Buffers;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>Whole phrases in a voice that is named vendor/voice: the greeting is spoken by the voice that goes on.</summary>
sealed class PhraseVoices(IEnumerable<IVoiceMaker> makers)
{
    /// <exception cref="HttpRequestException">There is no such voice here, or it did not speak.</exception>
    public async Task<byte[]> SpeakAsync(string voice, string text, CancellationToken ct)
    {
        var slash = voice.IndexOf('/', StringComparison.Ordinal);
        var choice = new VoiceChoice(voice[..slash], voice[(slash + 1)..]);
        var ways = makers.FirstOrDefault(maker => maker.Vendor == choice.Vendor)?.Make(choice, "").ToList()
            ?? throw new HttpRequestException($"There is no voice '{voice}': {choice.Vendor} has no key here.");
        var audio = new ArrayBufferWriter<byte>(16 * 1024);
        try
        {
            // By HTTP, the last way: nobody waits for the first sound of a phrase.
            await ways[^1].SpeakAsync(text, bytes => audio.Write(bytes), ct);
            return audio.WrittenSpan.ToArray();
        }
        catch (SpeechFailedException error)
        {
            throw new HttpRequestException(error.Message, error);
        }
        finally
        {
            foreach (var way in ways)
            {
                await way.DisposeAsync();
            }
        }
    }
}
