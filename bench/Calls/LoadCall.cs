using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace CityMonitor.Bench.Calls;

/// <summary>
/// One call: Twilio's side of it with its play-out buffer, and the vendor's side once the subject has connected. A turn takes 4 s: the
/// caller speaks for 1.6 s, the vendor answers at once with 2 s of audio (320 ms in a burst, the rest in real time).
/// </summary>
sealed class LoadCall(int number, Samples samples) : IDisposable
{
    public const int VoiceTicks = 80;
    public const int TurnTicks = 200;
    const int AnswerMessages = 25;
    const int BurstMessages = 4;
    const int InterruptAfterTicks = 50;
    const int AnswerBytes = AnswerMessages * 4 * Audio.FrameBytes;

    readonly ClientWebSocket phone = new();
    readonly string streamSid = $"MZ{Guid.NewGuid():N}";
    readonly Queue<(byte[] Echo, long Position)> marks = new();
    readonly Lock gate = new();

    byte[] voice = [];
    byte[] end = [];
    byte[] silence = [];
    WebSocket? vendor;
    Task reading = Task.CompletedTask;

    int tick;
    int turn;
    int answerLeft;
    bool cut;
    long received;
    long played;
    long answered;
    long endSentAt;
    long barge;
    long ownBarge;

    public int Number => number;

    /// <summary>What the phone heard of the latest answer, in bytes.</summary>
    public long Heard { get { lock (gate) { return answered; } } }

    /// <summary>The latest turn, from the end of the utterance on.</summary>
    public TurnTrace? Trace { get; private set; }

    public bool IsOpen => phone.State == WebSocketState.Open;

    public async Task ConnectAsync(Uri url, string token, int offset, CancellationToken ct)
    {
        await phone.ConnectAsync(url, ct);
        (voice, end, silence) = (Audio.Message(streamSid, Audio.VoiceFrame), Audio.Message(streamSid, Audio.EndFrame(number)), Audio.Message(streamSid, Audio.SilentFrame));
        await SendTextAsync("""{"event":"connected","protocol":"Call","version":"1.0.0"}""", ct);
        await SendTextAsync($$$"""{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC00000000000000000000000000000001","streamSid":"{{{streamSid}}}","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"{{{token}}}"}},"streamSid":"{{{streamSid}}}"}""", ct);
        tick = offset;
        reading = ReadAsync();
    }

    /// <summary>One frame each way, by the pacer.</summary>
    public void Tick(bool interrupts)
    {
        if (phone.State != WebSocketState.Open)
        {
            return;
        }

        Play();
        // Every fourth turn the vendor hears an interruption, every other fourth the caller really talks into the answer.
        var kind = interrupts ? turn % 4 : 0;
        if (tick == VoiceTicks)
        {
            lock (gate)
            {
                Trace = new TurnTrace();
                endSentAt = Stopwatch.GetTimestamp();
                Trace.FrameLeaves(endSentAt);
                (answered, cut) = (0, false);
            }

            Send(phone, end, WebSocketMessageType.Text);
        }
        else
        {
            if (tick == 0 && Volatile.Read(ref answerLeft) > 0)
            {
                Volatile.Write(ref ownBarge, Stopwatch.GetTimestamp());
            }

            if (tick > VoiceTicks)
            {
                Trace?.FrameLeaves(Stopwatch.GetTimestamp());
            }

            Send(phone, tick < VoiceTicks ? voice : silence, WebSocketMessageType.Text);
        }

        Answer();
        if (kind == 1 && tick == VoiceTicks + InterruptAfterTicks && vendor is { } hears)
        {
            lock (gate)
            {
                (answerLeft, cut) = (0, true);
            }

            Volatile.Write(ref barge, Stopwatch.GetTimestamp());
            Send(hears, LoadVendor.UserStarted, WebSocketMessageType.Text);
            Send(hears, LoadVendor.AudioDone, WebSocketMessageType.Text);
        }

        tick++;
        if (tick >= (kind == 3 ? VoiceTicks + InterruptAfterTicks : TurnTicks))
        {
            (tick, turn) = (0, turn + 1);
        }
    }

    /// <summary>The vendor has heard the end of this caller's utterance, and answers with no delay of its own.</summary>
    public void EndHeard(WebSocket by)
    {
        vendor = by;
        samples.Inbound.Add(Stopwatch.GetElapsedTime(Volatile.Read(ref endSentAt)).TotalMilliseconds);
        Send(by, LoadVendor.UserText, WebSocketMessageType.Text);
        Send(by, LoadVendor.AgentText, WebSocketMessageType.Text);
        Send(by, LoadVendor.AgentStarted, WebSocketMessageType.Text);
        for (var i = 0; i < BurstMessages; i++)
        {
            Send(by, Audio.Answer, WebSocketMessageType.Binary);
        }

        Volatile.Write(ref answerLeft, AnswerMessages - BurstMessages);
    }

    public void VendorGone() => vendor = null;

    public void DropVendor() => vendor?.Abort();

    public async Task HangUpAsync(bool orderly, CancellationToken ct)
    {
        try
        {
            if (orderly)
            {
                await SendTextAsync($$$"""{"event":"stop","sequenceNumber":"9","stop":{"accountSid":"AC1","callSid":"CA1"},"streamSid":"{{{streamSid}}}"}""", ct);
                await reading.WaitAsync(TimeSpan.FromSeconds(5), ct); // until the subject has closed
            }
        }
        catch (Exception error) when (error is WebSocketException or TimeoutException or InvalidOperationException)
        {
            samples.Oddities.Add($"hang-up: {error.Message}");
        }

        phone.Abort();
        await reading;
    }

    public void Dispose() => phone.Dispose();

    Task SendTextAsync(string text, CancellationToken ct) => phone.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, ct);

    void Answer()
    {
        if (tick % 4 != 0 || vendor is not { } answering)
        {
            return;
        }

        var left = Volatile.Read(ref answerLeft);
        if (left > 0)
        {
            Send(answering, Audio.Answer, WebSocketMessageType.Binary);
            if (Interlocked.CompareExchange(ref answerLeft, left - 1, left) == left && left == 1)
            {
                Send(answering, LoadVendor.AudioDone, WebSocketMessageType.Text);
            }
        }
    }

    void Play()
    {
        lock (gate)
        {
            if (received > played)
            {
                played = Math.Min(received, played + Audio.FrameBytes);
            }
            else if (answered is > 0 and < AnswerBytes && !cut && tick > VoiceTicks)
            {
                samples.Underrun();
            }

            while (marks.TryPeek(out var mark) && mark.Position <= played)
            {
                Send(phone, marks.Dequeue().Echo, WebSocketMessageType.Text);
            }
        }
    }

    async Task ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await phone.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await phone.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                OnMessage(buffer.AsSpan(0, length));
            }
        }
        catch (Exception error) when (error is WebSocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // Hung up by us, or gone: the run looks at IsOpen.
        }
    }

    // {"event":"media",... {"event":"mark",... {"event":"clear",...
    void OnMessage(ReadOnlySpan<byte> message)
    {
        var now = Stopwatch.GetTimestamp();
        switch (message[10], message[11])
        {
            case ((byte)'m', (byte)'e'):
                var bytes = Audio.BytesIn(message);
                lock (gate)
                {
                    received += bytes;
                    answered += bytes;
                    if (endSentAt != 0 && answered == bytes)
                    {
                        samples.Added.Add(Stopwatch.GetElapsedTime(endSentAt, now).TotalMilliseconds);
                        if (Trace is { Final: not 0 } turn)
                        {
                            turn.Heard = now;
                            samples.Turns.Add(turn);
                        }
                    }
                }

                break;
            case ((byte)'m', _):
                var name = Encoding.UTF8.GetString(message[(message.LastIndexOf(":\""u8) + 2)..^3]);
                var echo = Encoding.UTF8.GetBytes($$$"""{"event":"mark","sequenceNumber":"4","streamSid":"{{{streamSid}}}","mark":{"name":"{{{name}}}"}}""");
                lock (gate)
                {
                    marks.Enqueue((echo, received));
                }

                break;
            default:
                OnClear(now);
                break;
        }
    }

    void OnClear(long now)
    {
        if (Interlocked.Exchange(ref barge, 0) is not 0 and var told)
        {
            samples.BargeInByVendor.Add(Stopwatch.GetElapsedTime(told, now).TotalMilliseconds);
        }

        if (Interlocked.Exchange(ref ownBarge, 0) is not 0 and var spoke)
        {
            samples.BargeInByDetector.Add(Stopwatch.GetElapsedTime(spoke, now).TotalMilliseconds);
        }

        lock (gate)
        {
            cut = true;
            received = played;
            while (marks.TryDequeue(out var mark))
            {
                Send(phone, mark.Echo, WebSocketMessageType.Text);
            }
        }
    }

    void Send(WebSocket socket, byte[] message, WebSocketMessageType type)
    {
        try
        {
            var sending = socket.SendAsync(message.AsMemory(), type, true, CancellationToken.None);
            if (!sending.IsCompletedSuccessfully)
            {
                samples.SlowSend();
                _ = ObserveAsync(sending.AsTask());
            }
        }
        catch (Exception error) when (error is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed meanwhile.
        }
    }

    static async Task ObserveAsync(Task sending) => await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
