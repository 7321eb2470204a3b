using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.Simulator.Sockets;

/// <summary>What a vendor says and does when something breaks on its side in the middle of a session.</summary>
sealed record SocketFailure(byte[]? Message, WebSocketCloseStatus Status, string Reason);

/// <summary>
/// The server's end of a vendor's socket: one queue for text and audio, in the order of the calls, and one writer; one reader. The
/// board's faults for the vendor apply to everything that is sent.
/// </summary>
sealed class VendorSocket(WebSocket socket, FaultBoard faults, string target, SocketFailure failure, TimeProvider clock)
{
    const int MaxMessageBytes = 2 * 1024 * 1024;

    readonly record struct Outgoing(
        ReadOnlyMemory<byte> Message, WebSocketMessageType Type, long At, WebSocketCloseStatus? Close = null, string? Reason = null);

    // Audio is paced, so a full queue means a client that has not read for a minute: it is cut off.
    readonly Channel<Outgoing> queue = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(4096) { SingleReader = true });
    int rubbish;
    long lastReceived = clock.GetTimestamp();

    /// <summary>How long the vendor works on everything before it sends it.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Time since anything came from the client.</summary>
    public TimeSpan QuietFor => clock.GetElapsedTime(Volatile.Read(ref lastReceived));

    public void Send(ReadOnlyMemory<byte> json) => Put(new(json, WebSocketMessageType.Text, clock.GetTimestamp()));

    public void SendAudio(ReadOnlyMemory<byte> audio) => Put(new(audio, WebSocketMessageType.Binary, clock.GetTimestamp()));

    /// <summary>Closes after everything that was sent before.</summary>
    public void Close(WebSocketCloseStatus status, string reason)
    {
        Put(new(default, WebSocketMessageType.Close, clock.GetTimestamp(), status, reason));
        queue.Writer.TryComplete();
    }

    public void Abort() => socket.Abort();

    /// <summary>Reads and writes, and runs the session's other loops, until one side has closed or a loop has ended.</summary>
    /// <param name="onText">A whole text message.</param>
    /// <param name="onBinary">A piece of a binary message as it arrived; empty only for an empty message.</param>
    public async Task RunAsync(
        Func<string, CancellationToken, ValueTask> onText, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> onBinary,
        CancellationToken cancellation, params Func<CancellationToken, Task>[] loops)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = ReadAsync(onText, onBinary, ending.Token);
        var writing = WriteAsync(ending.Token);
        Task[] all = [reading, writing, .. loops.Select(loop => loop(ending.Token))];
        var first = await Task.WhenAny(all);
        if ((first == writing || first == reading) && first.IsCompletedSuccessfully)
        {
            // One side has closed: the other's half of the handshake is worth a short wait.
            await Task.WhenAny(first == writing ? reading : writing, Task.Delay(TimeSpan.FromSeconds(2), clock, cancellation));
        }

        await ending.CancelAsync();
        try
        {
            await Task.WhenAll(all);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // Ended by either side, or cut: a session has nothing to save.
        }
    }

    async Task ReadAsync(
        Func<string, CancellationToken, ValueTask> onText, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> onBinary, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(8192);
        var text = new ArrayBufferWriter<byte>(1024);
        var inBinary = false;
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
                Volatile.Write(ref lastReceived, clock.GetTimestamp());
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    Close(WebSocketCloseStatus.NormalClosure, "");
                    return;
                }

                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    if (received.Count > 0 || !inBinary)
                    {
                        await onBinary(buffer.AsMemory(0, received.Count), cancellation);
                    }

                    inBinary = !received.EndOfMessage;
                    continue;
                }

                text.Write(buffer.AsSpan(0, received.Count));
                if (received.EndOfMessage)
                {
                    var message = Encoding.UTF8.GetString(text.WrittenSpan);
                    text.ResetWrittenCount();
                    await onText(message, cancellation);
                }
                else if (text.WrittenCount > MaxMessageBytes)
                {
                    Close(WebSocketCloseStatus.MessageTooBig, "Message is larger than 2 MB");
                    return;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    async Task WriteAsync(CancellationToken cancellation)
    {
        await foreach (var next in queue.Reader.ReadAllAsync(cancellation))
        {
            var fault = faults.Get(target);
            if (fault.Mute)
            {
                continue;
            }

            var wait = Latency + TimeSpan.FromMilliseconds(fault.LateMs ?? 0) - clock.GetElapsedTime(next.At);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, clock, cancellation);
            }

            if (fault.FailStreams)
            {
                if (failure.Message is { } message)
                {
                    await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancellation);
                }

                await socket.CloseOutputAsync(failure.Status, failure.Reason, cancellation);
                return;
            }

            if (next.Close is { } status)
            {
                await socket.CloseOutputAsync(status, next.Reason, cancellation);
                return;
            }

            if (fault.Garble is not { } garble)
            {
                await socket.SendAsync(next.Message, next.Type, endOfMessage: true, cancellation);
            }
            else
            {
                await GarbleAsync(next, instead: garble == "instead", cancellation);
            }
        }
    }

    async Task GarbleAsync(Outgoing next, bool instead, CancellationToken cancellation)
    {
        if (!instead)
        {
            var (scrap, type) = Rubbish.Of(rubbish++);
            await socket.SendAsync(scrap.AsMemory(), type, endOfMessage: true, cancellation);
            await socket.SendAsync(next.Message, next.Type, endOfMessage: true, cancellation);
        }
        else if (next.Type is WebSocketMessageType.Text)
        {
            // Sound is left out: noise in its place would be a vendor that speaks.
            await socket.SendAsync(Rubbish.TextOf(rubbish++).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellation);
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
