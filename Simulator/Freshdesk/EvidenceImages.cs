using System.Buffers.Binary;
using System.IO.Compression;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>The pictures that sample tickets link to: small, but real JPEG and PNG files.</summary>
static class EvidenceImages
{
    const int Width = 320, Height = 176;

    static readonly byte[] JpegFile = Jpeg(), PngFile = Png();

    public static IResult Get(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".jpg" or ".jpeg" => Results.Bytes(JpegFile, "image/jpeg"),
        ".png" => Results.Bytes(PngFile, "image/png"),
        _ => Results.NotFound(),
    };

    /// <summary>
    /// A baseline greyscale JPEG of one mid grey. Its Huffman tables hold one code each, "0" for "no change of the mean" and
    /// "0" for "end of block", so the picture is two zero bits per 8x8 block.
    /// </summary>
    static byte[] Jpeg()
    {
        var quantisation = Enumerable.Repeat((byte)16, 64);
        byte[] oneCodeOfOneBit = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        return
        [
            0xFF, 0xD8,
            0xFF, 0xE0, 0, 16, (byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
            0xFF, 0xDB, 0, 67, 0, .. quantisation,
            0xFF, 0xC0, 0, 11, 8, Height >> 8, Height & 255, Width >> 8, Width & 255, 1, 1, 0x11, 0,
            0xFF, 0xC4, 0, 20, 0x00, .. oneCodeOfOneBit,
            0xFF, 0xC4, 0, 20, 0x10, .. oneCodeOfOneBit,
            0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 63, 0,
            .. new byte[Width / 8 * (Height / 8) * 2 / 8],
            0xFF, 0xD9,
        ];
    }

    /// <summary>A greyscale PNG that gets brighter from top to bottom.</summary>
    static byte[] Png()
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var row = new byte[Width + 1];
            for (var y = 0; y < Height; y++)
            {
                row.AsSpan(1).Fill((byte)(40 + y));
                deflate.Write(row);
            }
        }

        byte[] header = [0, 0, Width >> 8, Width & 255, 0, 0, Height >> 8, Height & 255, 8, 0, 0, 0, 0];
        return [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[12 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        type.CopyTo(chunk.AsSpan(4));
        content.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), Crc(chunk.AsSpan(4, 4 + content.Length)));
        return chunk;
    }

    static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB88320;
            }
        }

        return ~crc;
    }
}
