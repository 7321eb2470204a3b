using System.Buffers;
using System.Buffers.Text;

namespace CityMonitor.Messaging.Redis;

/// <summary>
/// Reads RESP2 replies as they come in, in pieces of any size: what was read of an array is kept, so nothing is parsed twice.
/// <code>
/// +OK\r\n   -ERR no such key\r\n   :42\r\n   $5\r\nhello\r\n   $-1\r\n   *2\r\n$1\r\na\r\n:1\r\n   *-1\r\n
/// </code>
/// </summary>
sealed class RespParser
{
    const int LongestLine = 64 * 1024;
    const int LongestBulk = 512 * 1024 * 1024;
    const int LongestArray = 16 * 1024 * 1024;

    static readonly RespValue[] s_known =
        [.. new[] { "", "type", "id", "call", "incident", "at", "traceparent", "data" }.Select(name => RespValue.Of(System.Text.Encoding.UTF8.GetBytes(name)))];

    readonly Stack<(RespValue[] Items, int Count)> _open = new();
    int _bulkLength = -1;

    /// <summary>True with a whole reply, the reader after it; false when more bytes are needed, the reader after what was used.</summary>
    /// <exception cref="RedisProtocolException">The bytes are not RESP2.</exception>
    public bool TryRead(ref SequenceReader<byte> reader, out RespValue reply)
    {
        while (TryReadOne(ref reader, out var value))
        {
            if (value is null)
            {
                continue;
            }

            if (Close(ref value))
            {
                reply = value;
                return true;
            }
        }

        reply = RespValue.Null;
        return false;
    }

    /// <summary>Puts a value into the array that it belongs to; true when it is the whole reply or completes it.</summary>
    bool Close(ref RespValue value)
    {
        while (_open.TryPop(out var array))
        {
            array.Items[array.Count++] = value;
            if (array.Count < array.Items.Length)
            {
                _open.Push(array);
                return false;
            }

            value = RespValue.Of(array.Items);
        }

        return true;
    }

    /// <summary>False: more bytes needed. True with null: the header of an array was read.</summary>
    bool TryReadOne(ref SequenceReader<byte> reader, out RespValue? value)
    {
        value = null;
        if (_bulkLength >= 0)
        {
            return TryReadBulk(ref reader, out value);
        }

        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            return reader.Remaining <= LongestLine ? false : throw new RedisProtocolException("A line of more than 64 KB.");
        }

        // A line is short: almost always one segment, else copied.
        var text = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
        if (text.Length < 2 || text[^1] != '\r')
        {
            throw new RedisProtocolException("A reply does not end with CR LF.");
        }

        var body = text[1..^1];
        switch (text[0])
        {
            case (byte)'+':
                value = body.SequenceEqual("OK"u8) ? RespValue.Ok : RespValue.Of(body.ToArray());
                return true;
            case (byte)'-':
                value = RespValue.OfError(body.ToArray());
                return true;
            case (byte)':':
                value = RespValue.Of(Number(body));
                return true;
            case (byte)'$':
                return ReadBulkHeader(Number(body), ref reader, out value);
            case (byte)'*':
                value = OpenArray(Number(body));
                return true;
            default:
                throw new RedisProtocolException($"A reply starts with byte {text[0]}.");
        }
    }

    bool ReadBulkHeader(long length, ref SequenceReader<byte> reader, out RespValue? value)
    {
        value = RespValue.Null;
        if (length == -1)
        {
            return true;
        }

        _bulkLength = length is >= 0 and <= LongestBulk ? (int)length : throw new RedisProtocolException($"A string of {length} bytes.");
        return TryReadBulk(ref reader, out value);
    }

    bool TryReadBulk(ref SequenceReader<byte> reader, out RespValue? value)
    {
        value = null;
        if (reader.Remaining < _bulkLength + 2)
        {
            return false;
        }

        value = Known(ref reader);
        if (value is null)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(_bulkLength);
            reader.TryCopyTo(bytes);
            value = RespValue.Of(bytes);
        }

        reader.Advance(_bulkLength);
        if (!reader.IsNext("\r\n"u8, advancePast: true))
        {
            throw new RedisProtocolException("A string does not end where it should.");
        }

        _bulkLength = -1;
        return true;
    }

    /// <summary>The field names of every message: half of what a consumer reads, and always the same few.</summary>
    RespValue? Known(ref SequenceReader<byte> reader)
    {
        if (_bulkLength > 11)
        {
            return null;
        }

        foreach (var known in s_known)
        {
            if (known.Bytes.Length == _bulkLength && reader.IsNext(known.Bytes.Span))
            {
                return known;
            }
        }

        return null;
    }

    RespValue? OpenArray(long length)
    {
        switch (length)
        {
            case -1:
                return RespValue.Null;
            case 0:
                return RespValue.Empty;
            case > 0 and <= LongestArray:
                _open.Push((new RespValue[length], 0));
                return null;
            default:
                throw new RedisProtocolException($"An array of {length} items.");
        }
    }

    static long Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length ? number : throw new RedisProtocolException("A number is not one.");
}

/// <summary>The bytes are not RESP2: the connection cannot be used any more.</summary>
sealed class RedisProtocolException(string message) : IOException(message);
