using System.Collections.Concurrent;
using System.Net.WebSockets;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.Bench;

/// <summary>A socket without a kernel: its messages come round and round, what is sent is counted.</summary>
sealed class MemorySocket(IReadOnlyList<byte[]> messages) : WebSocket
{
    readonly ConcurrentQueue<byte[]> marks = new();
    int next;
    long sent;

    public long Sent => Volatile.Read(ref sent);

    public override WebSocketCloseStatus? CloseStatus => null;
    public override string? CloseStatusDescription => null;
    public override WebSocketState State => WebSocketState.Open;
    public override string? SubProtocol => null;

    /// <summary>Names of the marks that were sent since the last look.</summary>
    public IEnumerable<byte[]> TakeMarks()
    {
        while (marks.TryDequeue(out var name))
        {
            yield return name;
        }
    }

    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var message = messages[next++ % messages.Count];
        message.CopyTo(buffer);
        return ValueTask.FromResult(new ValueWebSocketReceiveResult(message.Length, WebSocketMessageType.Text, true));
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        // {"event":"mark",...,"mark":{"name":"1-7"}}
        if (buffer.Span[11] == (byte)'a')
        {
            marks.Enqueue(buffer.Span[(buffer.Span.LastIndexOf(":\""u8) + 2)..^3].ToArray());
        }

        Interlocked.Add(ref sent, buffer.Length);
        return ValueTask.CompletedTask;
    }

    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();

    public override void Abort()
    {
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
    }
}

/// <summary>An engine that counts what the vendor would hear.</summary>
sealed class CountingEngine : IConversationEngine
{
    public long Bytes { get; private set; }

    public long Messages { get; private set; }

    public bool HasEnded => false;

    public void Hear(ReadOnlySpan<byte> mulaw)
    {
        Bytes += mulaw.Length;
        Messages++;
    }

    public void HearText(string text)
    {
    }

    public void Say(string text)
    {
    }

    public void Answer(string toolCallId, string name, string content)
    {
    }

    public void Tick()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
