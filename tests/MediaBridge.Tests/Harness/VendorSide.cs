using System.Net.WebSockets;
using System.Text;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>The vendor's side of one WebSocket: sends a message at a time, and reads whole ones until either side has left.</summary>
#pragma warning disable CA1001 // A semaphore without a wait handle needs no disposal.
abstract class VendorSide(WebSocket socket)
#pragma warning restore CA1001
{
    readonly SemaphoreSlim sending = new(1, 1);
    readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long audio;

    /// <summary>How much audio the client has sent.</summary>
    public long AudioBytes => Volatile.Read(ref audio);

    public Task Closed => closed.Task;

    public Task SendAsync(string json) => SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text);

    public Task SendAudioAsync(ReadOnlyMemory<byte> bytes) => SendAsync(bytes, WebSocketMessageType.Binary);

    public void Drop() => socket.Abort();

    public Task CloseAsync() => socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

    public async Task ReadAsync()
    {
        var buffer = new byte[256 * 1024];
        try
        {
            while (socket.State is WebSocketState.Open or WebSocketState.CloseSent)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                switch (result.MessageType)
                {
                    case WebSocketMessageType.Close when socket.State == WebSocketState.CloseReceived:
                        await CloseAsync();
                        break;
                    case WebSocketMessageType.Close:
                        break;
                    case WebSocketMessageType.Binary:
                        OnAudio(buffer.AsSpan(0, length));
                        Came(length);
                        break;
                    default:
                        await OnTextAsync(Encoding.UTF8.GetString(buffer, 0, length));
                        break;
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone.
        }
        finally
        {
            closed.TrySetResult();
            OnClosed();
        }
    }

    protected abstract Task OnTextAsync(string json);

    protected virtual void OnAudio(ReadOnlySpan<byte> bytes)
    {
    }

    protected virtual void OnClosed()
    {
    }

    protected void Came(int audioBytes) => Interlocked.Add(ref audio, audioBytes);

    async Task SendAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type)
    {
        await sending.WaitAsync();
        try
        {
            await socket.SendAsync(message, type, true, CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // The bridge has left.
        }
        finally
        {
            sending.Release();
        }
    }
}
