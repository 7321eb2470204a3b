using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary>One message to the application, before it has its sequence number.</summary>
/// <param name="Audio">A rented buffer of which the first 160 bytes count; media only.</param>
readonly record struct Outgoing(OutgoingKind Kind, string Text, byte[]? Audio = null, int Chunk = 0, int TimestampMs = 0);

enum OutgoingKind
{
    Media,
    Mark,
    Dtmf,
    Stop,
}

/// <summary>Writes the messages of the media protocol, exactly as documented.</summary>
static class StreamMessages
{
    public static ReadOnlySpan<byte> Connected => """{"event":"connected","protocol":"Call","version":"1.0.0"}"""u8;

    // {"event":"start","sequenceNumber":"1","start":{"accountSid":"AC..","streamSid":"MZ..","callSid":"CA..","tracks":["inbound"],
    //  "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":".."}},"streamSid":"MZ.."}
    public static byte[] Start(string accountSid, string callSid, StreamRecord stream, IEnumerable<string> tracks) =>
        JsonBytes(new JsonObject
        {
            ["event"] = "start",
            ["sequenceNumber"] = "1",
            ["start"] = new JsonObject
            {
                ["accountSid"] = accountSid,
                ["streamSid"] = stream.Sid,
                ["callSid"] = callSid,
                ["tracks"] = new JsonArray([.. tracks.Select(track => (JsonNode)track)]),
                ["mediaFormat"] = new JsonObject { ["encoding"] = "audio/x-mulaw", ["sampleRate"] = 8000, ["channels"] = 1 },
                ["customParameters"] = new JsonObject(stream.Parameters.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            },
            ["streamSid"] = stream.Sid,
        });

    // {"event":"dtmf","streamSid":"MZ..","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}
    public static byte[] Dtmf(long sequence, string streamSid, string digit) =>
        JsonBytes(new JsonObject
        {
            ["event"] = "dtmf",
            ["streamSid"] = streamSid,
            ["sequenceNumber"] = Text(sequence),
            ["dtmf"] = new JsonObject { ["track"] = "inbound_track", ["digit"] = digit },
        });

    // {"event":"mark","sequenceNumber":"4","streamSid":"MZ..","mark":{"name":"my label"}}
    public static byte[] Mark(long sequence, string streamSid, string name) =>
        JsonBytes(new JsonObject
        {
            ["event"] = "mark",
            ["sequenceNumber"] = Text(sequence),
            ["streamSid"] = streamSid,
            ["mark"] = new JsonObject { ["name"] = name },
        });

    // {"event":"stop","sequenceNumber":"5","stop":{"accountSid":"AC..","callSid":"CA.."},"streamSid":"MZ.."}
    public static byte[] Stop(long sequence, string streamSid, string accountSid, string callSid) =>
        JsonBytes(new JsonObject
        {
            ["event"] = "stop",
            ["sequenceNumber"] = Text(sequence),
            ["stop"] = new JsonObject { ["accountSid"] = accountSid, ["callSid"] = callSid },
            ["streamSid"] = streamSid,
        });

    // {"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"5","payload":".."},"streamSid":"MZ.."}
    // 50 times a second for each call, so it is put together without allocating.
    public static void WriteMedia(ArrayBufferWriter<byte> into, long sequence, string streamSid, in Outgoing media, ReadOnlySpan<byte> audio)
    {
        into.Write("{\"event\":\"media\",\"sequenceNumber\":\""u8);
        WriteNumber(into, sequence);
        into.Write("\",\"media\":{\"track\":\""u8);
        WriteText(into, media.Text);
        into.Write("\",\"chunk\":\""u8);
        WriteNumber(into, media.Chunk);
        into.Write("\",\"timestamp\":\""u8);
        WriteNumber(into, media.TimestampMs);
        into.Write("\",\"payload\":\""u8);
        Base64.EncodeToUtf8(audio, into.GetSpan(Base64.GetMaxEncodedToUtf8Length(audio.Length)), out _, out var written);
        into.Advance(written);
        into.Write("\"},\"streamSid\":\""u8);
        WriteText(into, streamSid);
        into.Write("\"}"u8);
    }

    static void WriteNumber(ArrayBufferWriter<byte> into, long number)
    {
        Utf8Formatter.TryFormat(number, into.GetSpan(20), out var written);
        into.Advance(written);
    }

    static void WriteText(ArrayBufferWriter<byte> into, string text) => Encoding.UTF8.GetBytes(text, into);

    static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    static byte[] JsonBytes(JsonObject message)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            message.WriteTo(writer);
        }

        return buffer.ToArray();
    }
}
