using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using CityMonitor.Simulator.Deepgram.Minds;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// One Voice Agent session. One loop reads the socket and hears the audio, one writes, one speaks, and one, here, decides; they
/// are joined by bounded queues.
/// </summary>
sealed class AgentSession
{
    const int MaxMessageBytes = 2 * 1024 * 1024;

    readonly WebSocket webSocket;
    readonly string requestId;
    readonly DeepgramOptions options;
    readonly TimeProvider clock;
    readonly AgentSocket socket;
    readonly AgentVoice voice;
    readonly AgentProtocol protocol;

    // Full when the loop is behind by as many messages: the reader then waits, and the client feels it.
    readonly Channel<Action> work = Channel.CreateBounded<Action>(new BoundedChannelOptions(1024) { SingleReader = true });
    long lastHeard;

    public AgentSession(
        WebSocket webSocket, string requestId, DeepgramOptions options, MindLibrary minds, FaultBoard faults, Timeline timeline, TimeProvider clock)
    {
        this.webSocket = webSocket;
        this.requestId = requestId;
        this.options = options;
        this.clock = clock;
        lastHeard = clock.GetTimestamp();
        socket = new AgentSocket(webSocket, faults);
        voice = new AgentVoice(socket, options, clock)
        {
            WentQuiet = () => Post(() => protocol!.Conversation?.WentQuiet()),
            Said = text => protocol!.Said(text),
        };
        protocol = new AgentProtocol(socket, voice, options, minds, timeline, requestId, Later);
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        socket.Send(AgentMessages.Welcome(requestId));
        var reading = ReadAsync(ending.Token);
        var writing = socket.WriteAsync(ending.Token);
        Task[] loops = [reading, writing, voice.RunAsync(ending.Token), DecideAsync(ending.Token), WatchAsync(ending.Token)];
        var first = await Task.WhenAny(loops);
        if ((first == writing || first == reading) && first.IsCompletedSuccessfully)
        {
            // One side has closed: the other's half of the handshake is worth a short wait.
            await Task.WhenAny(first == writing ? reading : writing, Task.Delay(TimeSpan.FromSeconds(2), clock, cancellation));
        }

        await ending.CancelAsync();
        try
        {
            await Task.WhenAll(loops);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // Ended by either side, or cut: a session has nothing to save.
        }
    }

    async Task ReadAsync(CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(8192);
        var text = new ArrayBufferWriter<byte>(1024);
        var heard = new List<HeardEvent>();
        try
        {
            while (true)
            {
                var received = await webSocket.ReceiveAsync(buffer.AsMemory(), cancellation);
                Volatile.Write(ref lastHeard, clock.GetTimestamp());
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    socket.Close(WebSocketCloseStatus.NormalClosure, "");
                    return;
                }

                if (received.MessageType == WebSocketMessageType.Binary)
                {
                    await HearAsync(buffer.AsMemory(0, received.Count), heard, cancellation);
                    continue;
                }

                text.Write(buffer.AsSpan(0, received.Count));
                if (received.EndOfMessage)
                {
                    var message = Encoding.UTF8.GetString(text.WrittenSpan);
                    text.ResetWrittenCount();
                    var heardBefore = protocol.Ear?.Samples ?? 0;
                    await work.Writer.WriteAsync(() => protocol.Receive(message, heardBefore), cancellation);
                }
                else if (text.WrittenCount > MaxMessageBytes)
                {
                    socket.Close(WebSocketCloseStatus.MessageTooBig, "Message is larger than 2 MB");
                    return;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    async ValueTask HearAsync(ReadOnlyMemory<byte> audio, List<HeardEvent> heard, CancellationToken cancellation)
    {
        if (protocol.Ear is not { } ear)
        {
            if (!protocol.SettingsSeen && !audio.IsEmpty)
            {
                await work.Writer.WriteAsync(protocol.AudioTooEarly, cancellation);
            }

            return;
        }

        ear.Hear(audio.Span, heard);
        foreach (var happened in heard)
        {
            await work.Writer.WriteAsync(() => protocol.Heard(happened), cancellation);
        }

        heard.Clear();
    }

    async Task DecideAsync(CancellationToken cancellation)
    {
        await foreach (var next in work.Reader.ReadAllAsync(cancellation))
        {
            next();
        }
    }

    async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var left = options.ClientMessageTimeout - clock.GetElapsedTime(Volatile.Read(ref lastHeard));
            if (left <= TimeSpan.Zero)
            {
                Post(protocol.TimedOut);
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            await Task.Delay(left + TimeSpan.FromMilliseconds(5), clock, cancellation);
        }
    }

    void Later(TimeSpan wait, Action action)
    {
        if (wait <= TimeSpan.Zero)
        {
            Post(action);
            return;
        }

        ITimer? timer = null;
        timer = clock.CreateTimer(
            _ =>
            {
                Post(action);
                timer?.Dispose();
            },
            null, wait, Timeout.InfiniteTimeSpan);
    }

    // From timers and the voice, which cannot wait: a session that is 1024 steps behind is lost anyway.
    void Post(Action action)
    {
        if (!work.Writer.TryWrite(action))
        {
            webSocket.Abort();
        }
    }
}
