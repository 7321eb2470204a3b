using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace CityMonitor.MediaBridge.Twilio;

/// <summary>One message to Twilio, ready to send, in a rented buffer. Messages of an older generation were cleared before they left.</summary>
readonly record struct OutboundMessage(byte[] Buffer, int Length, int Generation);

/// <summary>Builds the three messages that Twilio takes, without allocating more than the rented buffer.</summary>
/// <remarks>
/// <code>
/// {"event":"media","streamSid":"MZ18...","media":{"payload":"//5+fn7+/v7..."}}
/// {"event":"mark","streamSid":"MZ18...","mark":{"name":"1-7"}}
/// {"event":"clear","streamSid":"MZ18..."}
/// </code>
/// </remarks>
sealed class OutboundMessages
{
    readonly byte[] media;
    readonly byte[] mark;
    readonly byte[] clear;

    /// <param name="streamSid">Letters and digits only: it is not escaped.</param>
    public OutboundMessages(string streamSid)
    {
        media = Encoding.UTF8.GetBytes($$"""{"event":"media","streamSid":"{{streamSid}}","media":{"payload":" """.TrimEnd());
        mark = Encoding.UTF8.GetBytes($$"""{"event":"mark","streamSid":"{{streamSid}}","mark":{"name":" """.TrimEnd());
        clear = Encoding.UTF8.GetBytes($$"""{"event":"clear","streamSid":"{{streamSid}}"}""");
    }

    static ReadOnlySpan<byte> End => "\"}}"u8;

    public OutboundMessage Media(ReadOnlySpan<byte> mulaw, int generation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(media.Length + Base64.GetMaxEncodedToUtf8Length(mulaw.Length) + End.Length);
        media.CopyTo(buffer, 0);
        Base64.EncodeToUtf8(mulaw, buffer.AsSpan(media.Length), out _, out var written);
        End.CopyTo(buffer.AsSpan(media.Length + written));
        return new OutboundMessage(buffer, media.Length + written + End.Length, generation);
    }

    public OutboundMessage Mark(int generation, int number)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(mark.Length + 24 + End.Length);
        mark.CopyTo(buffer, 0);
        var length = mark.Length;
        Utf8Formatter.TryFormat(generation, buffer.AsSpan(length), out var digits);
        length += digits;
        buffer[length++] = (byte)'-';
        Utf8Formatter.TryFormat(number, buffer.AsSpan(length), out digits);
        length += digits;
        End.CopyTo(buffer.AsSpan(length));
        return new OutboundMessage(buffer, length + End.Length, generation);
    }

    public OutboundMessage Clear(int generation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(clear.Length);
        clear.CopyTo(buffer, 0);
        return new OutboundMessage(buffer, clear.Length, generation);
    }

    /// <summary>A mark's name as <see cref="Mark"/> wrote it; false for a name that is not ours.</summary>
    public static bool TryReadMark(ReadOnlySpan<byte> name, out int generation, out int number)
    {
        number = 0;
        return Utf8Parser.TryParse(name, out generation, out var used) && used + 1 < name.Length && name[used] == (byte)'-'
            && Utf8Parser.TryParse(name[(used + 1)..], out number, out var rest) && used + 1 + rest == name.Length;
    }
}
