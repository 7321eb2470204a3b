using System.Buffers.Text;
using System.Buffers;
using System.Text.Json;

namespace CityMonitor.MediaBridge.Twilio;

/// <summary>
/// Reads Twilio's messages without allocating: 50 a second come from every call. Property order is not relied on.
/// </summary>
/// <remarks>
/// <code>
/// {"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"//5+fn7+/v7..."},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}
/// {"event":"mark","sequenceNumber":"4","streamSid":"MZ18...","mark":{"name":"1-7"}}
/// {"event":"dtmf","streamSid":"MZ18...","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}
/// {"event":"stop","sequenceNumber":"6","stop":{"accountSid":"AC...","callSid":"CA..."},"streamSid":"MZ18..."}
/// </code>
/// </remarks>
static class TwilioFrameParser
{
    /// <param name="message">One whole message; a media payload is decoded in place.</param>
    /// <param name="streamSid">The stream that this socket carries; empty before start.</param>
    public static TwilioFrame Parse(Span<byte> message, ReadOnlySpan<byte> streamSid)
    {
        var frame = new TwilioFrame();
        try
        {
            Read(message, streamSid, ref frame);
        }
        catch (JsonException)
        {
            // The only exception of a hot path, and only for broken input: Utf8JsonReader has no other way to say it.
            frame = default;
        }

        return frame;
    }

    static void Read(Span<byte> message, ReadOnlySpan<byte> streamSid, ref TwilioFrame frame)
    {
        var reader = new Utf8JsonReader(message);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        var kind = FrameKind.Unknown;
        var sidMatches = false;
        var payload = (Start: -1, Length: 0, Escaped: false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("event"u8))
            {
                reader.Read();
                kind = KindOf(ref reader);
            }
            else if (reader.ValueTextEquals("streamSid"u8))
            {
                reader.Read();
                sidMatches = reader.TokenType == JsonTokenType.String && !streamSid.IsEmpty && reader.ValueTextEquals(streamSid);
            }
            else if (reader.ValueTextEquals("media"u8))
            {
                FindString(ref reader, "payload"u8, out payload.Start, out payload.Length, out payload.Escaped);
            }
            else if (reader.ValueTextEquals("mark"u8))
            {
                FindString(ref reader, "name"u8, out frame.NameStart, out frame.NameLength, out _);
            }
            else if (reader.ValueTextEquals("dtmf"u8))
            {
                FindString(ref reader, "digit"u8, out var start, out var length, out _);
                frame.Digit = length == 1 && "0123456789*#ABCD"u8.Contains(message[start]) ? (char)message[start] : '\0';
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            return;
        }

        frame.Kind = kind;
        if (kind is FrameKind.Media or FrameKind.Mark or FrameKind.Dtmf or FrameKind.Stop && !sidMatches)
        {
            frame.Kind = FrameKind.ForeignStream;
        }
        else if (kind == FrameKind.Media)
        {
            frame.Kind = Decode(message, payload, ref frame) ? FrameKind.Media : FrameKind.BadPayload;
        }
    }

    static FrameKind KindOf(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? FrameKind.BadJson
        : reader.ValueTextEquals("media"u8) ? FrameKind.Media
        : reader.ValueTextEquals("mark"u8) ? FrameKind.Mark
        : reader.ValueTextEquals("dtmf"u8) ? FrameKind.Dtmf
        : reader.ValueTextEquals("start"u8) ? FrameKind.Start
        : reader.ValueTextEquals("stop"u8) ? FrameKind.Stop
        : reader.ValueTextEquals("connected"u8) ? FrameKind.Connected
        : FrameKind.Unknown;

    /// <summary>Steps over the property's object and remembers where the string named <paramref name="name"/> lies in it.</summary>
    static void FindString(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, out int start, out int length, out bool escaped)
    {
        (start, length, escaped) = (-1, 0, false);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var wanted = reader.ValueTextEquals(name);
            reader.Read();
            if (wanted && reader.TokenType == JsonTokenType.String)
            {
                start = (int)reader.TokenStartIndex + 1;
                length = reader.ValueSpan.Length;
                escaped = reader.ValueIsEscaped;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    static bool Decode(Span<byte> message, (int Start, int Length, bool Escaped) payload, ref TwilioFrame frame)
    {
        if (payload.Start < 0)
        {
            return false;
        }

        var text = message.Slice(payload.Start, payload.Length);
        if (payload.Escaped)
        {
            // Some JSON writers escape '/' as '\/': both are the same base64.
            payload.Length = Unescape(text);
            text = text[..payload.Length];
        }

        if (Base64.DecodeFromUtf8InPlace(text, out var written) != OperationStatus.Done)
        {
            return false;
        }

        frame.PayloadStart = payload.Start;
        frame.PayloadLength = written;
        return true;
    }

    static int Unescape(Span<byte> text)
    {
        var to = 0;
        for (var from = 0; from < text.Length; from++)
        {
            if (text[from] == (byte)'\\' && from + 1 < text.Length && text[from + 1] == (byte)'/')
            {
                from++;
            }

            text[to++] = text[from];
        }

        return to;
    }
}
