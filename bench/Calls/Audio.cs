using System.Buffers.Text;
using System.Text;

namespace CityMonitor.Bench.Calls;

/// <summary>What the simulated callers say. The frame that ends an utterance is silence with the caller's number in it, so that the vendor knows whom to answer and when.</summary>
static class Audio
{
    public const int FrameBytes = 160;

    const byte Silence = 0xFF;

    /// <summary>Negative zero: silent, and in no other frame.</summary>
    const byte End = 0x7F;

    public static byte[] VoiceFrame { get; } = [.. Enumerable.Range(0, FrameBytes).Select(i => (byte)(i / 10 % 2 == 0 ? 0x20 : 0xA0))];

    public static byte[] SilentFrame { get; } = [.. Enumerable.Repeat(Silence, FrameBytes)];

    /// <summary>80 ms of an answer.</summary>
    public static byte[] Answer { get; } = [.. Enumerable.Range(0, 4 * FrameBytes).Select(i => (byte)(i / 8 % 2 == 0 ? 0x30 : 0xB0))];

    public static byte[] EndFrame(int caller)
    {
        var frame = SilentFrame.ToArray();
        frame[0] = End;
        for (var digit = 0; digit < 4; digit++)
        {
            frame[1 + digit] = (byte)(0xF0 | ((caller >> (4 * digit)) & 0xF)); // as quiet as the rest
        }

        return frame;
    }

    /// <summary>The caller whose utterance ends in this audio; -1 where none does.</summary>
    public static int CallerWhoEnds(ReadOnlySpan<byte> audio)
    {
        var at = audio.IndexOf(End);
        return at < 0 || at + 4 >= audio.Length
            ? -1
            : (audio[at + 1] & 0xF) | ((audio[at + 2] & 0xF) << 4) | ((audio[at + 3] & 0xF) << 8) | ((audio[at + 4] & 0xF) << 12);
    }

    /// <summary>As Twilio sends it.</summary>
    public static byte[] Message(string streamSid, byte[] frame) => Encoding.UTF8.GetBytes(
        $$"""{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"3","timestamp":"60","payload":"{{Convert.ToBase64String(frame)}}"},"streamSid":"{{streamSid}}"}""");

    /// <summary>Bytes of audio in a media message of <paramref name="length"/>, built as MediaBridge and the relay do.</summary>
    public static int BytesIn(ReadOnlySpan<byte> message)
    {
        var payload = message[(message.LastIndexOf(":\""u8) + 2)..^3];
        var padding = payload.EndsWith("=="u8) ? 2 : payload.EndsWith("="u8) ? 1 : 0;
        return Base64.GetMaxDecodedFromUtf8Length(payload.Length) - padding;
    }
}
