using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Streams;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>Twilio and a phone in one: 20 ms frames in real time, the play-out buffer with its marks, and an ear that decodes the tone code.</summary>
sealed class TestPhone : IAsyncDisposable
{
    const int FrameBytes = 160;

    readonly ClientWebSocket socket = new();
    readonly PlayOut playOut = new(600 * 8000);
    readonly ToneDecoder ear = new();
    readonly StringBuilder heard = new();
    readonly Queue<byte[]> mouth = new();
    readonly SemaphoreSlim sending = new(1, 1);
    readonly Lock gate = new();
    readonly CancellationTokenSource stop = new();
    readonly TaskCompletionSource<(WebSocketCloseStatus? Status, string? Reason)> closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Task loops = Task.CompletedTask;
    int sequence = 1;
    int chunk;

    public string StreamSid { get; } = $"MZ{Guid.NewGuid():N}";

    public List<JsonObject> Messages { get; } = [];

    public List<(TimeSpan At, long Dropped)> Clears { get; } = [];

    public Stopwatch Watch { get; } = Stopwatch.StartNew();

    public Task<(WebSocketCloseStatus? Status, string? Reason)> Closed => closed.Task;

    /// <summary>Stop sending frames and echoing marks, as a frozen network would.</summary>
    public bool Frozen { get; set; }

    /// <summary>The line carries what the phone plays back to the bridge, so much later; 0 for a good line.</summary>
    public int EchoAfterMs { get; set; }

    readonly Queue<byte[]> echo = new();

    /// <summary>Everything heard so far; one space between words.</summary>
    public string Heard
    {
        get
        {
            lock (gate)
            {
                return heard.ToString().Trim();
            }
        }
    }

    /// <summary>The longest time in which neither side could be heard, since it was last set to 0.</summary>
    public int LongestSilenceMs { get; set; }

    /// <summary>The longest pause between two sounds of the agent, since it was last set to 0.</summary>
    public int LongestPauseMs { get; set; }

    int silenceMs;
    int pauseMs;

    /// <summary>How late this phone's own clock was at the worst: the machine was busy, and whatever else waited for it.</summary>
    public TimeSpan WorstLag { get; private set; }

    public bool IsPlaying => playOut.BufferedBytes > 0;

    public bool IsSpeaking
    {
        get
        {
            lock (gate)
            {
                return mouth.Count > 0;
            }
        }
    }

    public static async Task<TestPhone> ConnectAsync(Uri url, string? signature = null)
    {
        var phone = new TestPhone();
        phone.socket.Options.SetRequestHeader("User-Agent", "Twilio.TmeWs/1.0");
        if (signature is not null)
        {
            phone.socket.Options.SetRequestHeader("X-Twilio-Signature", signature);
        }

        await phone.socket.ConnectAsync(url, CancellationToken.None);
        return phone;
    }

    /// <summary>connected, start, and from then on a frame every 20 ms.</summary>
    public async Task StartAsync(string? token)
    {
        await SendAsync("""{"event":"connected","protocol":"Call","version":"1.0.0"}""");
        await SendAsync(StartMessage(token));
        Run();
    }

    public string StartMessage(string? token) => $$"""
        {"event":"start","sequenceNumber":"1","start":{"accountSid":"AC00000000000000000000000000000001","streamSid":"{{StreamSid}}","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{{(token is null ? "{}" : $$"""{"token":"{{token}}"}""")}}},"streamSid":"{{StreamSid}}"}
        """;

    public void Run() => loops = Task.WhenAll(ReadAsync(), PaceAsync());

    /// <summary>Speaks in real time; returns when the last frame has left.</summary>
    public async Task SayAsync(string text)
    {
        Speak(ToneCode.Encode(text));
        await Eventually.TrueAsync(() => !IsSpeaking || Closed.IsCompleted, $"the phone has said '{text}'", TimeSpan.FromSeconds(30));
    }

    public void Speak(byte[] audio)
    {
        lock (gate)
        {
            for (var at = 0; at < audio.Length; at += FrameBytes)
            {
                var frame = new byte[FrameBytes];
                frame.AsSpan().Fill(MuLaw.Silence);
                audio.AsSpan(at, Math.Min(FrameBytes, audio.Length - at)).CopyTo(frame);
                mouth.Enqueue(frame);
            }
        }
    }

    public Task HeardAsync(string text, TimeSpan? within = null) =>
        Eventually.TrueAsync(() => Heard.Contains(text, StringComparison.Ordinal), $"the phone hears '{text}', heard '{Heard}'", within ?? TimeSpan.FromSeconds(15));

    public Task ClearedAsync(int times = 1, TimeSpan? within = null) =>
        Eventually.TrueAsync(() => ClearCount >= times, "the phone is cleared", within);

    public int ClearCount
    {
        get
        {
            lock (gate)
            {
                return Clears.Count;
            }
        }
    }

    public async Task SendAsync(string json) => await SendRawAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text);

    public async Task SendRawAsync(ReadOnlyMemory<byte> message, WebSocketMessageType type, bool end = true)
    {
        await sending.WaitAsync();
        try
        {
            await socket.SendAsync(message, type, end, CancellationToken.None);
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The bridge has closed.
        }
        finally
        {
            sending.Release();
        }
    }

    public Task HangUpAsync() =>
        SendAsync($$$"""{"event":"stop","sequenceNumber":"9","stop":{"accountSid":"AC1","callSid":"CA1"},"streamSid":"{{{StreamSid}}}"}""");

    public void Vanish() => socket.Abort();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        socket.Abort();
        await loops;
        socket.Dispose();
        stop.Dispose();
    }

    async Task PaceAsync()
    {
        var marks = new List<string>();
        var toEar = new byte[FrameBytes];
        var began = Stopwatch.StartNew();
        try
        {
            for (long tick = 1; !stop.IsCancellationRequested; tick++)
            {
                var due = TimeSpan.FromMilliseconds(tick * 20) - began.Elapsed;
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due, stop.Token);
                }
                else if (-due > WorstLag)
                {
                    WorstLag = -due;
                }

                if (Frozen)
                {
                    continue;
                }

                marks.Clear();
                byte[]? frame;
                lock (gate)
                {
                    toEar.AsSpan().Fill(MuLaw.Silence);
                    playOut.Take(toEar, marks);
                    ear.Feed(toEar);
                    heard.Append(ear.Take());
                    mouth.TryDequeue(out frame);
                    silenceMs = ear.HasEnergy || frame is not null ? 0 : silenceMs + 20;
                    LongestSilenceMs = Math.Max(LongestSilenceMs, silenceMs);
                    LongestPauseMs = ear.HasEnergy ? Math.Max(LongestPauseMs, pauseMs) : LongestPauseMs;
                    pauseMs = ear.HasEnergy ? 0 : pauseMs + 20;
                    if (EchoAfterMs > 0)
                    {
                        echo.Enqueue([.. toEar]);
                        var back = echo.Count > EchoAfterMs / 20 ? echo.Dequeue() : null;
                        frame ??= back; // who speaks into it is heard instead
                    }
                }

                foreach (var mark in marks)
                {
                    await EchoAsync(mark);
                }

                await SendFrameAsync(frame);
            }
        }
        catch (OperationCanceledException)
        {
            // Hung up.
        }
    }

    static readonly string SilentFrame = Convert.ToBase64String(Enumerable.Repeat((byte)0xFF, FrameBytes).ToArray());

    Task SendFrameAsync(byte[]? frame) => SendAsync(
        $$$"""{"event":"media","sequenceNumber":"{{{++sequence}}}","media":{"track":"inbound","chunk":"{{{++chunk}}}","timestamp":"{{{chunk * 20}}}","payload":"{{{(frame is null ? SilentFrame : Convert.ToBase64String(frame))}}}"},"streamSid":"{{{StreamSid}}}"}""");

    Task EchoAsync(string mark) =>
        SendAsync($$$"""{"event":"mark","sequenceNumber":"{{{++sequence}}}","streamSid":"{{{StreamSid}}}","mark":{"name":"{{{mark}}}"}}""");

    async Task ReadAsync()
    {
        var buffer = new byte[128 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), stop.Token);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    closed.TrySetResult((socket.CloseStatus, socket.CloseStatusDescription));
                    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
                    await stop.CancelAsync();
                    return;
                }

                await OnMessageAsync(JsonNode.Parse(buffer.AsSpan(0, length))!.AsObject());
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            closed.TrySetResult((null, error.Message));
        }
    }

    async Task OnMessageAsync(JsonObject message)
    {
        Assert.Equal(StreamSid, (string?)message["streamSid"]);
        lock (gate)
        {
            Messages.Add(message);
        }

        switch ((string?)message["event"])
        {
            case "media":
                Assert.True(playOut.Add(Convert.FromBase64String((string)message["media"]!["payload"]!)));
                break;
            case "mark":
                var name = (string)message["mark"]!["name"]!;
                if (playOut.AddMark(name))
                {
                    await EchoAsync(name);
                }

                break;
            case "clear":
                var (dropped, marks) = playOut.Clear();
                lock (gate)
                {
                    Clears.Add((Watch.Elapsed, dropped));
                }

                foreach (var mark in marks)
                {
                    await EchoAsync(mark);
                }

                break;
            default:
                Assert.Fail($"Twilio knows no {message.ToJsonString()}");
                break;
        }
    }
}
