using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>What comes over a <see cref="VendorSocket"/>, from its read loop.</summary>
interface IVendorSocketReader
{
    /// <returns>Why the connection is of no more use, or null.</returns>
    string? OnText(ReadOnlySpan<byte> json);

    void OnAudio(ReadOnlySpan<byte> bytes);

    /// <summary>The connection is gone, and not because we left it. Called once, last.</summary>
    void OnClosed(string reason);
}

/// <summary>A client's WebSocket to a speech vendor: one loop that reads, one that writes, a bounded queue between. Nothing waits for the vendor.</summary>
sealed class VendorSocket : IAsyncDisposable
{
    /// <summary>What each connection holds: as large as messages usually are; a longer one makes it grow.</summary>
    const int UsualMessageBytes = 4 * 1024;

    /// <summary>Audio in base64 is some 100 KB, the history of a long call more.</summary>
    const int MaxMessageBytes = 4 * 1024 * 1024;

    static readonly TimeSpan CloseTimeout = TimeSpan.FromMilliseconds(300);

    readonly ClientWebSocket socket;
    readonly string vendor;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly CancellationTokenSource stop = new();

    // 256 messages of 80 ms are 20 s. It fills only when the vendor has stopped reading: then audio is dropped and counted, and a message
    // that must not be lost ends the connection.
    readonly Channel<Outbound> outbound = Channel.CreateBounded<Outbound>(new BoundedChannelOptions(256) { SingleReader = true });

    IVendorSocketReader? reader;
    Task loops = Task.CompletedTask;
    readonly long opened;

    /// <summary>Deepgram listens: it bills the time.</summary>
    bool isBilledByTime;
    long lastSent;
    bool closing;

    readonly record struct Outbound(ReadOnlyMemory<byte> Message, byte[]? Rented, WebSocketMessageType Type);

    VendorSocket(ClientWebSocket socket, string vendor, TimeProvider clock, ILogger log)
    {
        (this.socket, this.vendor, this.clock, this.log) = (socket, vendor, clock, log);
        opened = lastSent = clock.GetTimestamp();
    }

    /// <exception cref="EngineRefusedException">The vendor said no, or was not there.</exception>
    public static async Task<VendorSocket> ConnectAsync(string vendor, Uri url, (string Name, string Value) key, TimeProvider clock, ILogger log, CancellationToken ct)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(key.Name, key.Value);
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(5);
        try
        {
            await socket.ConnectAsync(url, ct);
            return new VendorSocket(socket, vendor, clock, log) { isBilledByTime = url.AbsolutePath.Contains("/listen", StringComparison.Ordinal) || url.AbsolutePath.Contains("/agent/", StringComparison.Ordinal) };
        }
        catch (WebSocketException error)
        {
            var status = socket.HttpStatusCode;
            var said = socket.HttpResponseHeaders?.TryGetValue("dg-error", out var values) == true ? string.Join(' ', values) : error.Message;
            socket.Dispose();
            Count(vendor, ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture));
            var final = status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.PaymentRequired or HttpStatusCode.Forbidden or HttpStatusCode.NotFound;
            throw new EngineRefusedException($"{vendor} refused the connection ({(int)status}): {said}", final, error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Start(IVendorSocketReader to)
    {
        reader = to;
        loops = Task.WhenAll(ReadAsync(), WriteAsync());
    }

    /// <summary>A message that must arrive: where there is no room the connection is of no more use.</summary>
    public void Send(ReadOnlyMemory<byte> json)
    {
        if (!outbound.Writer.TryWrite(new Outbound(json, null, WebSocketMessageType.Text)) && !Volatile.Read(ref closing))
        {
            socket.Abort(); // the read loop tells
        }
    }

    /// <summary>Raw audio: dropped where there is no room. Vendors take an empty message for the end of the stream, so none is sent.</summary>
    public void SendAudio(ReadOnlySpan<byte> audio)
    {
        if (audio.IsEmpty)
        {
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(audio.Length);
        audio.CopyTo(rented);
        SendAudio(rented, audio.Length);
    }

    /// <summary>Sends a message where nothing has been sent for so long.</summary>
    public void KeepAlive(ReadOnlyMemory<byte> json, TimeSpan after)
    {
        if (clock.GetElapsedTime(Volatile.Read(ref lastSent)) >= after)
        {
            Volatile.Write(ref lastSent, clock.GetTimestamp()); // once, also where the vendor has stopped reading
            Send(json);
        }
    }

    /// <summary>Audio, raw or as text: dropped where there is no room.</summary>
    /// <param name="rented">From the shared pool; given back when it has been sent.</param>
    public void SendAudio(byte[] rented, int length, WebSocketMessageType type = WebSocketMessageType.Binary)
    {
        if (!outbound.Writer.TryWrite(new Outbound(rented.AsMemory(0, length), rented, type)))
        {
            ArrayPool<byte>.Shared.Return(rented);
            BridgeTelemetry.DroppedAudio.Add(length, BridgeTelemetry.Tag("direction", "to-vendor"));
        }
    }

    public void Abort() => socket.Abort();

    public static void Count(string vendor, string code) =>
        BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", vendor), BridgeTelemetry.Tag("error.type", code));

    public async ValueTask DisposeAsync()
    {
        if (!Interlocked.Exchange(ref closing, true) && isBilledByTime)
        {
            VendorUse.Add(Quotas.DeepgramSeconds, (long)Math.Ceiling(clock.GetElapsedTime(opened).TotalSeconds));
        }

        outbound.Writer.TryComplete();
        using var patience = new CancellationTokenSource(CloseTimeout);
        try
        {
            if (socket.State == WebSocketState.Open)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // Gone already, or a send is stuck: aborted below.
        }

        await stop.CancelAsync();
        socket.Abort();
        await loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (loops.Exception is { } fault)
        {
            SpeechLog.Broken(log, vendor, fault.GetBaseException());
        }

        socket.Dispose();
        stop.Dispose();
    }

    async Task WriteAsync()
    {
        try
        {
            await foreach (var message in outbound.Reader.ReadAllAsync(stop.Token))
            {
                try
                {
                    await socket.SendAsync(message.Message, message.Type, true, stop.Token);
                    Volatile.Write(ref lastSent, clock.GetTimestamp());
                }
                finally
                {
                    Return(message);
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            socket.Abort(); // the read loop says why
        }
        finally
        {
            outbound.Writer.TryComplete();
            while (outbound.Reader.TryRead(out var left))
            {
                Return(left);
            }
        }
    }

    static void Return(Outbound message)
    {
        if (message.Rented is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    async Task ReadAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(UsualMessageBytes);
        var reason = "closed";
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    if (length == buffer.Length)
                    {
                        buffer = Grown(buffer);
                    }

                    result = await socket.ReceiveAsync(buffer.AsMemory(length), stop.Token);
                    length += result.Count;
                }
                while (!result.EndOfMessage && length < MaxMessageBytes);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    reason = $"closed {(int?)socket.CloseStatus} {socket.CloseStatusDescription}".TrimEnd();
                    return;
                }

                if (length >= MaxMessageBytes)
                {
                    reason = "message too large";
                    return;
                }

                if (result.MessageType == WebSocketMessageType.Binary)
                {
                    reader!.OnAudio(buffer.AsSpan(0, length));
                }
                else if (reader!.OnText(buffer.AsSpan(0, length)) is { } fatal)
                {
                    reason = fatal;
                    return;
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            reason = error is WebSocketException ? "connection lost" : "aborted";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            outbound.Writer.TryComplete();
            if (!Volatile.Read(ref closing))
            {
                reader!.OnClosed(reason);
            }
        }
    }

    static byte[] Grown(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger.AsSpan());
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}

static partial class SpeechLog
{
    [LoggerMessage(2611, LogLevel.Error, "{Vendor}: an event of its socket failed")]
    public static partial void Broken(ILogger log, string vendor, Exception error);

    [LoggerMessage(2612, LogLevel.Warning, "{Vendor}: {Code} {Description}")]
    public static partial void Complained(ILogger log, string vendor, string? code, string? description);

    [LoggerMessage(2613, LogLevel.Information, "{Vendor} sent a message of unknown type {Type} ({Bytes} bytes)")]
    public static partial void UnknownMessage(ILogger log, string vendor, string? type, int bytes);
}
