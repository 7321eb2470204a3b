namespace CityMonitor.MediaBridge.Audio;

/// <summary>G.711 mu-law at 8 kHz: eight bytes are one millisecond.</summary>
static class MuLaw
{
    public const int BytesPerMillisecond = 8;
    public const int BytesPerSecond = 8000;

    /// <summary>The byte that decodes to zero.</summary>
    public const byte Silence = 0xFF;

    static readonly short[] Decoded = BuildDecodeTable();
    static readonly uint[] Squared = [.. Decoded.Select(sample => (uint)(sample * sample))];

    public static short Decode(byte value) => Decoded[value];

    /// <summary>Mean of the squared samples; 0 for nothing.</summary>
    public static double MeanSquare(ReadOnlySpan<byte> mulaw)
    {
        if (mulaw.IsEmpty)
        {
            return 0;
        }

        // 32,124 squared is under 2^30, so a sum of 64 bits never overflows.
        ulong sum = 0;
        var squares = Squared;
        foreach (var value in mulaw)
        {
            sum += squares[value];
        }

        return (double)sum / mulaw.Length;
    }

    public static byte Encode(short sample)
    {
        const int Bias = 0x84;
        var sign = sample < 0 ? 0x80 : 0;
        var magnitude = Math.Min(Math.Abs((int)sample), 32635) + Bias;
        var exponent = 7;
        for (var mask = 0x4000; (magnitude & mask) == 0 && exponent > 0; mask >>= 1)
        {
            exponent--;
        }

        return (byte)~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F));
    }

    static short[] BuildDecodeTable()
    {
        var table = new short[256];
        for (var i = 0; i < 256; i++)
        {
            var inverted = ~i & 0xFF;
            var magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
            table[i] = (short)((inverted & 0x80) != 0 ? -magnitude : magnitude);
        }

        return table;
    }
}
