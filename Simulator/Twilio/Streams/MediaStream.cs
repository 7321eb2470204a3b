using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Lines;

namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary>Which directions of the call a one-way stream carries.</summary>
enum Tracks
{
    Inbound,
    Outbound,
    Both,
}

/// <summary>How a stream came to its end.</summary>
enum StreamEnd
{
    /// <summary>The application closed the socket.</summary>
    PeerClosed,

    /// <summary>The connection broke without a close.</summary>
    Lost,

    /// <summary>The call ended, or its instructions were replaced.</summary>
    Stopped,
}

/// <summary>
/// An open media stream: Twilio's side of the socket. As a side of the line it plays what the application sends (two-way); as a tap
/// it only listens (one-way).
/// </summary>
sealed class MediaStream(
    WebSocket socket, string accountSid, string callSid, StreamRecord record, Tracks tracks, int bufferSeconds, StreamReports reports,
    TimeProvider clock)
    : ILineSide, ILineTap
{
    // 30 s of frames for an application that does not read; what is beyond that is dropped, as a full network would.
    const int MostQueued = 1500;
    const int UnderrunWithinMs = 300;

    static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    readonly Channel<Outgoing> outgoing = Channel.CreateBounded<Outgoing>(
        new BoundedChannelOptions(MostQueued) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    readonly PlayOut playOut = new((long)bufferSeconds * MuLaw.SampleRate);
    readonly List<string> passedMarks = [];
    int inboundChunks;
    int outboundChunks;
    int frames;
    int? ranDryMs;
    bool playing;

    int NowMs => Volatile.Read(ref frames) * PhoneOnCall.FrameMs;

    /// <summary>Serves the stream until either side ends it. Always leaves the socket closed or aborted.</summary>
    public async Task<StreamEnd> RunAsync(CancellationToken cancellation)
    {
        // The writer outlives the cancellation long enough to say "stop".
        using var ending = new CancellationTokenSource();
        var reading = ReadAsync(ending.Token);
        var writing = WriteAsync(ending.Token);
        using var stopRequested = cancellation.Register(() =>
        {
            outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Stop, ""));
            ending.CancelAfter(CloseTime);
        });
        var first = await Task.WhenAny(reading, writing);
        if (cancellation.IsCancellationRequested && first == writing)
        {
            // The application's own close is read too: dropping the socket on unread data would reset it, and lose the "stop".
            await CloseAsync();
            await reading;
        }

        await ending.CancelAsync();
        outgoing.Writer.TryComplete();
        await Task.WhenAll(reading, writing);
        return cancellation.IsCancellationRequested ? StreamEnd.Stopped
            : reading.Result == StreamEnd.PeerClosed ? StreamEnd.PeerClosed : StreamEnd.Lost;
    }

    public void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone)
    {
        Interlocked.Increment(ref frames);
        Send("inbound", ++inboundChunks, fromPhone);
        passedMarks.Clear();
        var played = playOut.Take(toPhone, passedMarks);
        record.BytesPlayed += played;
        foreach (var mark in passedMarks)
        {
            Echo(mark, cleared: false);
        }

        if (played < toPhone.Length && playing)
        {
            // Only a guess at this moment; it was an underrun if more audio comes soon and no mark ended the sentence here.
            ranDryMs = passedMarks.Count == 0 ? NowMs : null;
        }

        playing = played == toPhone.Length;
    }

    public void Tap(ReadOnlySpan<byte> fromPhone, ReadOnlySpan<byte> toPhone)
    {
        Interlocked.Increment(ref frames);
        if (tracks is Tracks.Inbound or Tracks.Both)
        {
            Send("inbound", ++inboundChunks, fromPhone);
        }

        if (tracks is Tracks.Outbound or Tracks.Both)
        {
            Send("outbound", ++outboundChunks, toPhone);
        }
    }

    public void Press(char digit) => outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Dtmf, digit.ToString()));

    void Send(string track, int chunk, ReadOnlySpan<byte> audio)
    {
        var copy = ArrayPool<byte>.Shared.Rent(PhoneOnCall.FrameBytes);
        audio.CopyTo(copy);
        if (!outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Media, track, copy, chunk, NowMs)))
        {
            record.FramesDropped++;
            ArrayPool<byte>.Shared.Return(copy);
        }
    }

    void Echo(string mark, bool cleared)
    {
        record.MarkEchoed(mark, NowMs, cleared);
        outgoing.Writer.TryWrite(new Outgoing(OutgoingKind.Mark, mark));
    }

    async Task WriteAsync(CancellationToken ending)
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

    void Write(ArrayBufferWriter<byte> buffer, Outgoing message, long sequence)
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

    static void Release(Outgoing message)
    {
        if (message.Audio is not null)
        {
            ArrayPool<byte>.Shared.Return(message.Audio);
        }
    }

    async Task<StreamEnd> ReadAsync(CancellationToken ending)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        try
        {
            while (true)
            {
                var result = await socket.ReceiveAsync(buffer.GetMemory(4096), ending);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await CloseAsync();
                    return StreamEnd.PeerClosed;
                }

                buffer.Advance(result.Count);
                if (result.EndOfMessage)
                {
                    Take(buffer.WrittenMemory);
                    buffer.ResetWrittenCount();
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            socket.Abort();
            return StreamEnd.Lost;
        }
    }

    // {"event":"media","streamSid":"MZ..","media":{"payload":"<base64>"}}
    // {"event":"mark","streamSid":"MZ..","mark":{"name":".."}}
    // {"event":"clear","streamSid":"MZ.."}
    void Take(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            var root = json.RootElement;
            if (root.GetProperty("streamSid").GetString() != record.Sid)
            {
                reports.Error(record, 31951, "Stream - Protocol - Invalid message: unknown streamSid");
                return;
            }

            switch (root.GetProperty("event").GetString())
            {
                case "media":
                    Play(root.GetProperty("media").GetProperty("payload").GetBytesFromBase64());
                    break;
                case "mark":
                    Mark(root.GetProperty("mark").GetProperty("name").GetString() ?? "");
                    break;
                case "clear":
                    Clear();
                    break;
                case var other:
                    reports.Error(record, 31951, $"Stream - Protocol - Invalid message: unknown event {other}");
                    break;
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            reports.Error(record, 31951, $"Stream - Protocol - Invalid message: {e.Message}");
        }
    }

    void Play(byte[] audio)
    {
        record.MediaMessages++;
        record.BytesReceived += audio.Length;
        if (ranDryMs is { } dry && audio.Length > 0)
        {
            record.Underruns += NowMs - dry <= UnderrunWithinMs ? 1 : 0;
            ranDryMs = null;
        }

        if (!playOut.Add(audio))
        {
            reports.Error(record, 31930, $"Stream - Media buffer overflow: more than {bufferSeconds} s ahead of the play head");
        }
    }

    void Mark(string name)
    {
        record.MarkReceived(name, NowMs);
        if (playOut.AddMark(name))
        {
            Echo(name, cleared: false);
        }
    }

    void Clear()
    {
        var (dropped, marks) = playOut.Clear();
        ranDryMs = null;
        record.Cleared(new ClearEntry(NowMs, dropped, marks.Count));
        foreach (var mark in marks)
        {
            Echo(mark, cleared: true);
        }
    }

    async Task CloseAsync()
    {
        using var deadline = new CancellationTokenSource(CloseTime, clock);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }
}
