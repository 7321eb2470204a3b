namespace CityMonitor.Simulator.Speech;

/// <summary>
/// G.711 mu-law, the only audio a phone network carries here: 8 kHz, one byte per sample. Table driven both ways.
/// </summary>
static class MuLaw
{
    /// <summary>The byte that decodes to zero and that a silent line is filled with.</summary>
    public const byte Silence = 0xFF;

    public const int SampleRate = 8000;

    public const int BytesPerMillisecond = SampleRate / 1000;

    const int Bias = 0x84;
    const int Clip = 32635;

    static readonly short[] Decoded = BuildDecodeTable();
    static readonly byte[] Encoded = BuildEncodeTable();

    public static short Decode(byte value) => Decoded[value];

    public static byte Encode(short sample) => Encoded[(ushort)sample];

    public static byte[] SilenceOf(TimeSpan length)
    {
        var bytes = new byte[(int)(length.TotalMilliseconds * BytesPerMillisecond)];
        Array.Fill(bytes, Silence);
        return bytes;
    }

    public static TimeSpan DurationOf(long bytes) => TimeSpan.FromTicks(bytes * TimeSpan.TicksPerMillisecond / BytesPerMillisecond);

    static short[] BuildDecodeTable()
    {
        var table = new short[256];
        for (var i = 0; i < 256; i++)
        {
            var inverted = ~i & 0xFF;
            var exponent = (inverted >> 4) & 7;
            var magnitude = ((((inverted & 0x0F) << 3) + Bias) << exponent) - Bias;
            table[i] = (short)((inverted & 0x80) != 0 ? -magnitude : magnitude);
        }

        return table;
    }

    static byte[] BuildEncodeTable()
    {
        var table = new byte[65536];
        for (var i = 0; i < 65536; i++)
        {
            table[i] = Compress((short)(ushort)i);
        }

        return table;
    }

    static byte Compress(short sample)
    {
        var sign = sample < 0 ? 0x80 : 0;
        var magnitude = Math.Min(Math.Abs((int)sample), Clip) + Bias;
        var exponent = 7;
        for (var mask = 0x4000; (magnitude & mask) == 0 && exponent > 0; mask >>= 1)
        {
            exponent--;
        }

        var mantissa = (magnitude >> (exponent + 3)) & 0x0F;
        return (byte)~(sign | (exponent << 4) | mantissa);
    }
}
