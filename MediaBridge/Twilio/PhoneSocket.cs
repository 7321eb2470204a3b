using System.Buffers;
using System.Net.WebSockets;
using System.Threading.Channels;
using CityMonitor.MediaBridge.Playback;

namespace CityMonitor.MediaBridge.Twilio;

/// <summary>What came off the phone's socket.</summary>
enum Received { Message, Binary, TooLarge, Closed }

/// <summary>Twilio's media WebSocket: one reader (<see cref="ReceiveAsync"/>), one writer (<see cref="WriteAsync"/>).</summary>
sealed class PhoneSocket(WebSocket socket, Action<int> dropped) : IPhoneLine, IDisposable
{
    /// <summary>A frame of 20 ms is about 400 bytes; Twilio bunches some, but nothing near this.</summary>
    public const int MaxMessageBytes = 64 * 1024;

    /// <summary>Audio in one message to Twilio: 400 ms. More makes `clear` wait behind a long write, less costs system calls.</summary>
    public const int MaxAudioBytes = 3200;

    // Twilio takes audio as fast as we send it, so this fills only when its side has stopped reading. Then the newest is dropped
    // and counted: playing it later would be worse.
    readonly Channel<OutboundMessage> outbound = Channel.CreateBounded<OutboundMessage>(new BoundedChannelOptions(1024) { SingleReader = true });

    byte[] inbox = ArrayPool<byte>.Shared.Rent(4096);
    OutboundMessages? messages;
    Action? whenNextLeaves;
    int generation;
    bool disposed;

    /// <summary>Called once start has named the stream; before that nothing can be said.</summary>
    public void Name(string streamSid) => messages = new OutboundMessages(streamSid);

    public bool Audio(ReadOnlySpan<byte> mulaw)
    {
        while (!mulaw.IsEmpty)
        {
            var chunk = mulaw[..Math.Min(mulaw.Length, MaxAudioBytes)];
            mulaw = mulaw[chunk.Length..];
            if (!Queue(messages!.Media(chunk, generation)))
            {
                dropped(chunk.Length + mulaw.Length);
                return false;
            }
        }

        return true;
    }

    public bool Mark(int generation, int number) => Queue(messages!.Mark(generation, number) with { Generation = this.generation });

    public void Clear()
    {
        // What is still queued belongs to the old generation now, and the writer throws it away.
        Volatile.Write(ref generation, generation + 1);
        if (!Queue(messages!.Clear(generation)))
        {
            dropped(0);
        }
    }

    public void WhenNextLeaves(Action left) => Volatile.Write(ref whenNextLeaves, left);

    /// <summary>The next whole message. Its memory is valid until the next call and may be written to.</summary>
    public async ValueTask<(Received Kind, Memory<byte> Message)> ReceiveAsync(CancellationToken ct)
    {
        var length = 0;
        while (true)
        {
            if (length == inbox.Length)
            {
                if (length >= MaxMessageBytes)
                {
                    return (Received.TooLarge, default);
                }

                Grow(length);
            }

            ValueWebSocketReceiveResult result;
            try
            {
                result = await socket.ReceiveAsync(inbox.AsMemory(length), ct);
            }
            catch (WebSocketException)
            {
                // Gone without a close frame: to the call that is the same as a close.
                return (Received.Closed, default);
            }

            if (result.MessageType == WebSocketMessageType.Close)
            {
                return (Received.Closed, default);
            }

            length += result.Count;
            if (result.EndOfMessage)
            {
                return (result.MessageType == WebSocketMessageType.Text ? Received.Message : Received.Binary, inbox.AsMemory(0, length));
            }
        }
    }

    /// <summary>The one write loop: runs until <see cref="CompleteWriting"/> or a broken socket.</summary>
    public async Task WriteAsync(CancellationToken ct)
    {
        try
        {
            await foreach (var message in outbound.Reader.ReadAllAsync(ct))
            {
                try
                {
                    if (message.Generation == Volatile.Read(ref generation))
                    {
                        await socket.SendAsync(message.Buffer.AsMemory(0, message.Length), WebSocketMessageType.Text, true, ct);
                        if (whenNextLeaves is not null)
                        {
                            Interlocked.Exchange(ref whenNextLeaves, null)?.Invoke();
                        }
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(message.Buffer);
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The read loop sees the same end and says why.
        }
        finally
        {
            outbound.Writer.TryComplete();
            Drain();
        }
    }

    /// <summary>No more messages; <see cref="WriteAsync"/> ends once the queued ones have left.</summary>
    public void CompleteWriting() => outbound.Writer.TryComplete();

    /// <summary>Tells Twilio that we are done, so that it runs the verbs behind Connect. Only after <see cref="WriteAsync"/> has ended.</summary>
    public async Task CloseOutputAsync(WebSocketCloseStatus status, string reason)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(status, reason, patience.Token);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }

    public void Abort() => socket.Abort();

    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            outbound.Writer.TryComplete();
            Drain();
            ArrayPool<byte>.Shared.Return(inbox);
            socket.Dispose();
        }
    }

    bool Queue(OutboundMessage message)
    {
        if (outbound.Writer.TryWrite(message))
        {
            return true;
        }

        ArrayPool<byte>.Shared.Return(message.Buffer);
        return false;
    }

    void Drain()
    {
        while (outbound.Reader.TryRead(out var message))
        {
            ArrayPool<byte>.Shared.Return(message.Buffer);
        }
    }

    void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(inbox.Length * 4, MaxMessageBytes));
        inbox.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(inbox);
        inbox = larger;
    }
}
