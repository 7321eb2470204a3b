using System.Threading.Channels;
using CityMonitor.Simulator.Minds;
using CityMonitor.Simulator.Sockets;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// One Voice Agent session. The socket's loops read (and so hear) and write, one loop speaks, and one, here, decides; they
/// are joined by bounded queues.
/// </summary>
sealed class AgentSession
{
    readonly VendorSocket socket;
    readonly string requestId;
    readonly DeepgramOptions options;
    readonly TimeProvider clock;
    readonly AgentVoice voice;
    readonly AgentProtocol protocol;
    readonly List<HeardEvent> heard = [];

    // Full when the loop is behind by as many messages: the reader then waits, and the client feels it.
    readonly Channel<Action> work = Channel.CreateBounded<Action>(new BoundedChannelOptions(1024) { SingleReader = true });

    public AgentSession(VendorSocket socket, string requestId, DeepgramOptions options, MindLibrary minds, Timeline timeline, TimeProvider clock)
    {
        this.socket = socket;
        this.requestId = requestId;
        this.options = options;
        this.clock = clock;
        voice = new AgentVoice(socket, options, clock)
        {
            WentQuiet = () => Post(() => protocol!.Conversation?.WentQuiet()),
            Said = text => protocol!.Said(text),
        };
        protocol = new AgentProtocol(socket, voice, options, minds, timeline, requestId, Later);
    }

    public Task RunAsync(CancellationToken cancellation)
    {
        socket.Send(AgentMessages.Welcome(requestId));
        return socket.RunAsync(ReceiveAsync, HearAsync, cancellation, voice.RunAsync, DecideAsync, WatchAsync);
    }

    ValueTask ReceiveAsync(string message, CancellationToken cancellation)
    {
        var heardBefore = protocol.Ear?.Samples ?? 0;
        return work.Writer.WriteAsync(() => protocol.Receive(message, heardBefore), cancellation);
    }

    async ValueTask HearAsync(ReadOnlyMemory<byte> audio, CancellationToken cancellation)
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
            var left = options.ClientMessageTimeout - socket.QuietFor;
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
            socket.Abort();
        }
    }
}
