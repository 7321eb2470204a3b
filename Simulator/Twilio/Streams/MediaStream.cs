using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
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
    const int UnderrunWithinMs = 300;

    static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(2);

    readonly StreamWriter writer = new(socket, accountSid, callSid, record, tracks, reports);
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
        var writing = writer.RunAsync(ending.Token);
        using var stopRequested = cancellation.Register(() =>
        {
            writer.Stop();
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
        writer.Complete();
        await Task.WhenAll(reading, writing);
        return cancellation.IsCancellationRequested ? StreamEnd.Stopped
            : reading.Result == StreamEnd.PeerClosed ? StreamEnd.PeerClosed : StreamEnd.Lost;
    }

    public void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone)
    {
        Interlocked.Increment(ref frames);
        writer.Media("inbound", ++inboundChunks, NowMs, fromPhone);
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
            writer.Media("inbound", ++inboundChunks, NowMs, fromPhone);
        }

        if (tracks is Tracks.Outbound or Tracks.Both)
        {
            writer.Media("outbound", ++outboundChunks, NowMs, toPhone);
        }
    }

    public void Press(char digit) => writer.Dtmf(digit);

    void Echo(string mark, bool cleared)
    {
        record.MarkEchoed(mark, NowMs, cleared);
        writer.Mark(mark);
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
