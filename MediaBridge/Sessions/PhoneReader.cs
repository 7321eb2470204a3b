using System.Text;
using CityMonitor.MediaBridge.Twilio;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>The one read loop of a phone's socket. Whatever is odd is counted and ignored: a call is never dropped for a frame.</summary>
static class PhoneReader
{
    /// <summary>Messages before start beyond which somebody is playing with us: Twilio sends one.</summary>
    const int MessagesBeforeStart = 50;

    /// <returns>The start message, or why there is none.</returns>
    public static async Task<(StreamStart? Start, string Problem)> ReadStartAsync(PhoneSocket phone, CancellationToken ct)
    {
        for (var i = 0; i < MessagesBeforeStart; i++)
        {
            var (received, message) = await phone.ReceiveAsync(ct);
            switch (received)
            {
                case Received.Closed:
                    return (null, "closed-before-start");
                case Received.TooLarge:
                    return (null, "message-too-large");
                case Received.Binary:
                    Odd("binary");
                    continue;
            }

            var kind = TwilioFrameParser.Parse(message.Span, default).Kind;
            if (kind == FrameKind.Start)
            {
                return StreamStartParser.Parse(message, out var problem) is { } start ? (start, "") : (null, problem);
            }

            if (kind != FrameKind.Connected)
            {
                Odd(kind == FrameKind.ForeignStream ? "before-start" : NameOf(kind));
            }
        }

        return (null, "no-start");
    }

    public static async Task ReadFramesAsync(PhoneSocket phone, Conversation conversation, string streamSid, CancellationToken ct)
    {
        var sid = Encoding.UTF8.GetBytes(streamSid);
        var stopped = false;
        try
        {
            while (true)
            {
                var (received, message) = await phone.ReceiveAsync(ct);
                if (received == Received.Message)
                {
                    if (stopped)
                    {
                        Odd("after-stop");
                    }
                    else if (Handle(message.Span, sid, conversation))
                    {
                        stopped = true;
                        conversation.PhoneGone(callIsOver: true);
                    }
                }
                else if (received == Received.Binary)
                {
                    Odd("binary");
                }
                else
                {
                    if (received == Received.TooLarge)
                    {
                        Odd("too-large");
                        conversation.PhoneGone(callIsOver: false, StreamEnd.TooLarge);
                    }

                    return;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // Our own end.
        }
        finally
        {
            conversation.PhoneGone(callIsOver: stopped);
        }
    }

    /// <summary>Reads what still comes until the other side has closed too, so that our close frame is not lost in a reset.</summary>
    public static async Task DiscardAsync(PhoneSocket phone, TimeSpan atMost)
    {
        using var patience = new CancellationTokenSource(atMost);
        try
        {
            while ((await phone.ReceiveAsync(patience.Token)).Kind != Received.Closed)
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            phone.Abort();
        }
    }

    /// <returns>Whether the stream is over.</returns>
    static bool Handle(Span<byte> message, ReadOnlySpan<byte> sid, Conversation conversation)
    {
        var frame = TwilioFrameParser.Parse(message, sid);
        switch (frame.Kind)
        {
            case FrameKind.Media:
                if (frame.PayloadLength == 0)
                {
                    Odd("empty");
                }

                conversation.CallerAudio(message.Slice(frame.PayloadStart, frame.PayloadLength));
                return false;
            case FrameKind.Mark:
                if (frame.NameStart < 0 || !OutboundMessages.TryReadMark(message.Slice(frame.NameStart, frame.NameLength), out var generation, out var number)
                    || !conversation.Mark(generation, number))
                {
                    Odd("mark"); // cleared, or not ours
                }

                return false;
            case FrameKind.Dtmf when frame.Digit != '\0':
                conversation.Digit(frame.Digit);
                return false;
            case FrameKind.Stop:
                return true;
            default:
                Odd(NameOf(frame.Kind));
                return false;
        }
    }

    static string NameOf(FrameKind kind) => kind switch
    {
        FrameKind.BadJson => "bad-json",
        FrameKind.BadPayload => "bad-payload",
        FrameKind.ForeignStream => "foreign-stream",
        FrameKind.Start => "second-start",
        FrameKind.Connected => "second-connected",
        FrameKind.Dtmf => "bad-digit",
        _ => "unknown-event",
    };

    static void Odd(string kind) => BridgeTelemetry.OddFrames.Add(1, BridgeTelemetry.Tag("kind", kind));
}
