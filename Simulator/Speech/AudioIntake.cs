using System.Buffers.Binary;

namespace CityMonitor.Simulator.Speech;

/// <summary>Turns what a client sends into mu-law at 8 kHz, which is what the simulator's ears hear: mu-law itself, or 16 bit PCM.</summary>
/// <param name="samplesPerSample">1 for 8 kHz, 2 for 16 kHz and so on; of so many samples the first is kept.</param>
sealed class AudioIntake(bool pcm, int samplesPerSample)
{
    readonly List<byte> rest = [];

    /// <summary>The intake of an encoding, or null when there is none: mulaw at 8000; linear16 at a multiple of 8000.</summary>
    public static AudioIntake? For(string encoding, int sampleRate) => encoding switch
    {
        "mulaw" when sampleRate == MuLaw.SampleRate => new(pcm: false, 1),
        "linear16" when sampleRate > 0 && sampleRate <= 48_000 && sampleRate % MuLaw.SampleRate == 0 => new(pcm: true, sampleRate / MuLaw.SampleRate),
        _ => null,
    };

    public ReadOnlyMemory<byte> ToMuLaw(ReadOnlyMemory<byte> audio)
    {
        if (!pcm)
        {
            return audio;
        }

        // A frame may end in the middle of a sample.
        rest.AddRange(audio.Span);
        var bytes = rest.ToArray().AsSpan();
        var stride = 2 * samplesPerSample;
        var mulaw = new byte[bytes.Length / stride];
        for (var i = 0; i < mulaw.Length; i++)
        {
            mulaw[i] = MuLaw.Encode(BinaryPrimitives.ReadInt16LittleEndian(bytes[(i * stride)..]));
        }

        rest.RemoveRange(0, mulaw.Length * stride);
        return mulaw;
    }
}
