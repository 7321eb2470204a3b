using System.Buffers;
using System.Net.WebSockets;
using System.Threading.Channels;
using CityMonitor.Simulator.Phones;

namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary>Everything that goes to the application on one stream, in order and numbered, through the socket's only write loop.</summary>
sealed class StreamWriter(WebSocket socket, string accountSid, string callSid, StreamRecord record, Tracks tracks, StreamReports reports)
{
    // 30 s of frames for an application that does not read; what is beyond that is dropped, as a full network would.
    const int MostQueued = 1500;

    readonly Channel<Outgoing> outgoing = Channel.CreateBounded<Outgoing>(
        new BoundedChannelOptions(MostQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    /// <summary>Copies one frame into the queue. Called on the pacer's thread: never waits.</summary>
    public void Media(string track, int chunk, int timestampMs, ReadOnlySpan<byte> audio)
    {
        var copy = ArrayPool<byte>.Shared.Rent(PhoneOnCall.FrameBytes);
        audio.CopyTo(copy);
        if (!outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Media, track, copy, chunk, timestampMs)))
        {
            record.FramesDropped++;
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    public void Mark(string name) => outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Mark, name));

    public void Dtmf(char digit) => outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Dtmf, digit.ToString()));

    /// <summary>The last message; the write loop ends behind it.</summary>
    public void Stop() => outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Stop, ""));

    public void Complete() => outgoing.Writer.TryComplete();

    /// <summary>Ends after "stop", or when the socket does.</summary>
    public async Task RunAsync(CancellationToken ending)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var sequence = 1L;
        try
        {
            await socket.SendAsync(StreamMessages.Connected.ToArray(), WebSocketMessageType.Text, true, ending);
            string[] names = tracks switch { Tracks.Both => ["inbound", "outbound"], Tracks.Outbound => ["outbound"], _ => ["inbound"] };
            await socket.SendAsync(StreamMessages.Start(accountSid, callSid, record, names), WebSocketMessageType.Text, true, ending);
            await foreach (var message in outgoing.Reader.ReadAllAsync(ending))
            {
                if (reports.IsMute && message.Kind != OutgoingKind.Stop)
                {
                    Release(message);
                    continue;
                }

                buffer.ResetWrittenCount();
                Write(buffer, message, ++sequence);
                await socket.SendAsync(buffer.WrittenMemory, WebSocketMessageType.Text, true, ending);
                if (message.Kind == OutgoingKind.Stop)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            // The stream is over; the reader knows why.
        }
    }

    void Write(ArrayBufferWriter<byte> buffer, in Outgoing message, long sequence)
    {
        switch (message.Kind)
        {
            case OutgoingKind.Media:
                StreamMessages.WriteMedia(buffer, sequence, record.Sid, message, message.Audio.AsSpan(0, PhoneOnCall.FrameBytes));
                record.FramesSent++;
                Release(message);
                break;
            case OutgoingKind.Mark:
                buffer.Write(StreamMessages.Mark(sequence, record.Sid, message.Text));
                break;
            case OutgoingKind.Dtmf:
                buffer.Write(StreamMessages.Dtmf(sequence, record.Sid, message.Text));
                break;
            default:
                buffer.Write(StreamMessages.Stop(sequence, record.Sid, accountSid, callSid));
                break;
        }
    }

    static void Release(in Outgoing message)
    {
        if (message.Audio is not null)
        {
            ArrayPool<byte>.Shared.Return(message.Audio);
        }
    }
}
