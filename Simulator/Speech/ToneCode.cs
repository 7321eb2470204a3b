using System.Text;

namespace CityMonitor.Simulator.Speech;

/// <summary>
/// Simulated speech: text as audio that lasts about as long as saying it. Each UTF-8 byte is one symbol, a pair of tones (the
/// high four bits choose the low tone, the low four bits the high one) of 40 ms with soft edges and 20 ms of silence behind.
/// A space is silence itself, as between words. <see cref="ToneDecoder"/> hears it back after any cut and any framing.
/// </summary>
/// <remarks>
/// All tones are multiples of 33.3 Hz, so that they are orthogonal over the 30 ms that the decoder looks at. No pair can be a
/// keypad digit: those need a high tone between 1209 and 1633 Hz, and ours start at 1700 Hz.
/// </remarks>
static class ToneCode
{
    public const int ToneSamples = 320;
    public const int GapSamples = 160;
    public const int SpaceSamples = 960;

    /// <summary>Silence before the first symbol, so that a symbol cut off just before cannot melt into it.</summary>
    public const int LeadSamples = 160;

    /// <summary>Silence behind the last symbol, so that a text said right behind another begins a new word.</summary>
    public const int TrailSamples = 640;

    /// <summary>What a byte that is not a space takes.</summary>
    public const int SymbolSamples = ToneSamples + GapSamples;

    const int EdgeSamples = 40;
    const double Amplitude = 9000;

    public static ReadOnlySpan<double> LowTones => Low;

    public static ReadOnlySpan<double> HighTones => High;

    static readonly double[] Low = [.. Enumerable.Range(0, 16).Select(i => 400 + (i * 200.0 / 3))];
    static readonly double[] High = [.. Enumerable.Range(0, 16).Select(i => 1700 + (i * 100.0))];
    static readonly byte[][] Symbols = [.. Enumerable.Range(0, 256).Select(i => BuildSymbol((byte)i))];

    /// <summary>The audio of a text, as mu-law at 8 kHz. An empty text is silence of 100 ms.</summary>
    public static byte[] Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    public static byte[] Encode(ReadOnlySpan<byte> utf8)
    {
        var audio = new byte[LengthOf(utf8)];
        audio.AsSpan(0, LeadSamples).Fill(MuLaw.Silence);
        var at = LeadSamples;
        foreach (var value in utf8)
        {
            var symbol = Symbols[value];
            symbol.CopyTo(audio, at);
            at += symbol.Length;
        }

        audio.AsSpan(at).Fill(MuLaw.Silence);
        return audio;
    }

    /// <summary>How long a text takes to say.</summary>
    public static TimeSpan DurationOf(string text) => MuLaw.DurationOf(LengthOf(Encoding.UTF8.GetBytes(text)));

    static int LengthOf(ReadOnlySpan<byte> utf8)
    {
        var length = LeadSamples + TrailSamples;
        foreach (var value in utf8)
        {
            length += Symbols[value].Length;
        }

        return length;
    }

    static byte[] BuildSymbol(byte value)
    {
        if (value == (byte)' ')
        {
            var space = new byte[SpaceSamples];
            Array.Fill(space, MuLaw.Silence);
            return space;
        }

        var symbol = new byte[SymbolSamples];
        Array.Fill(symbol, MuLaw.Silence);
        for (var i = 0; i < ToneSamples; i++)
        {
            var seconds = i / (double)MuLaw.SampleRate;
            var tones = Math.Sin(2 * Math.PI * Low[value >> 4] * seconds) + Math.Sin(2 * Math.PI * High[value & 15] * seconds);
            symbol[i] = MuLaw.Encode((short)(Amplitude * Envelope(i) * tones));
        }

        return symbol;
    }

    static double Envelope(int sample)
    {
        var fromEdge = Math.Min(sample, ToneSamples - 1 - sample);
        return fromEdge >= EdgeSamples ? 1 : 0.5 - (0.5 * Math.Cos(Math.PI * (fromEdge + 0.5) / EdgeSamples));
    }
}
