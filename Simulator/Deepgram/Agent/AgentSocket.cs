using System.Net.WebSockets;
using System.Threading.Channels;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// The sending half of a session's socket: one queue for text and audio, in the order of the calls, and one writer.
/// </summary>
sealed class AgentSocket(WebSocket socket, FaultBoard faults)
{
    readonly record struct Outgoing(ReadOnlyMemory<byte> Message, WebSocketMessageType Type, WebSocketCloseStatus? Close = null, string? Reason = null);

    // Audio is paced, so a full queue means a client that has not read for a minute: it is cut off.
    readonly Channel<Outgoing> queue = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(4096) { SingleReader = true });

    public void Send(ReadOnlyMemory<byte> json) => Put(new(json, WebSocketMessageType.Text));

    public void SendAudio(ReadOnlyMemory<byte> audio) => Put(new(audio, WebSocketMessageType.Binary));

    /// <summary>Closes after everything that was sent before.</summary>
    public void Close(WebSocketCloseStatus status, string reason)
    {
        Put(new(default, WebSocketMessageType.Close, status, reason));
        queue.Writer.TryComplete();
    }

    public async Task WriteAsync(CancellationToken cancellation)
    {
        await foreach (var next in queue.Reader.ReadAllAsync(cancellation))
        {
            if (faults.IsMute(FaultTarget.DeepgramAgent))
            {
                continue;
            }

            if (next.Close is { } status)
            {
                await socket.CloseOutputAsync(status, next.Reason, cancellation);
                return;
            }

            await socket.SendAsync(next.Message, next.Type, endOfMessage: true, cancellation);
        }
    }

    void Put(Outgoing message)
    {
        if (!queue.Writer.TryWrite(message) && queue.Reader.Count > 4000)
        {
            socket.Abort();
        }
    }
}
