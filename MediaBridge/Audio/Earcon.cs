namespace CityMonitor.MediaBridge.Audio;

/// <summary>
/// Two soft notes, 0.6 s: what the phone hears when no speech vendor answers in time. Shipped with the program, so there is
/// something to hear when everything else is down.
/// </summary>
static class Earcon
{
    /// <summary>Raw mu-law, 8 kHz.</summary>
    public static ReadOnlyMemory<byte> Audio { get; } = Build();

    static byte[] Build()
    {
        var audio = new byte[600 * MuLaw.BytesPerMillisecond];
        Note(audio.AsSpan(0, 2400), 523.25);
        Note(audio.AsSpan(2400), 659.25);
        return audio;
    }

    static void Note(Span<byte> target, double frequency)
    {
        for (var i = 0; i < target.Length; i++)
        {
            var envelope = Math.Min(1, i / 160.0) * Math.Exp(-3.0 * i / target.Length);
            target[i] = MuLaw.Encode((short)(6000 * envelope * Math.Sin(2 * Math.PI * frequency * i / MuLaw.BytesPerSecond)));
        }
    }
}
