using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CityMonitor.Messaging.Redis;

/// <summary>Writes a command as RESP2: <c>*2\r\n$3\r\nGET\r\n$5\r\ncm:ok\r\n</c>.</summary>
static class RespWriter
{
    const int LongestNumber = 20;

    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<RedisArg> command)
    {
        WriteHeader(output, (byte)'*', command.Length);
        foreach (ref readonly var arg in command)
        {
            switch (arg.Kind)
            {
                case RedisArgKind.Text:
                    WriteText(output, arg.Text);
                    break;
                case RedisArgKind.Number:
                    WriteNumber(output, arg.Number);
                    break;
                default:
                    WriteBytes(output, arg.Bytes.Span);
                    break;
            }
        }
    }

    static void WriteHeader(IBufferWriter<byte> output, byte kind, int length)
    {
        var span = output.GetSpan(LongestNumber + 3);
        span[0] = kind;
        Utf8Formatter.TryFormat(length, span[1..], out var written);
        span[1 + written] = (byte)'\r';
        span[2 + written] = (byte)'\n';
        output.Advance(3 + written);
    }

    static void WriteText(IBufferWriter<byte> output, string? text)
    {
        text ??= "";
        var length = Encoding.UTF8.GetByteCount(text);
        WriteHeader(output, (byte)'$', length);
        if (length <= 1024)
        {
            var span = output.GetSpan(length);
            output.Advance(Encoding.UTF8.GetBytes(text, span));
        }
        else
        {
            // In pieces: a text of 1 MB needs no buffer of 1 MB.
            Encoding.UTF8.GetBytes(text, output);
        }

        WriteLineEnd(output);
    }

    static void WriteNumber(IBufferWriter<byte> output, long number)
    {
        Span<byte> digits = stackalloc byte[LongestNumber];
        number.TryFormat(digits, out var length, default, CultureInfo.InvariantCulture);
        WriteBytes(output, digits[..length]);
    }

    static void WriteBytes(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        WriteHeader(output, (byte)'$', bytes.Length);
        output.Write(bytes);
        WriteLineEnd(output);
    }

    static void WriteLineEnd(IBufferWriter<byte> output)
    {
        var span = output.GetSpan(2);
        span[0] = (byte)'\r';
        span[1] = (byte)'\n';
        output.Advance(2);
    }
}
