using System.Globalization;
using System.Text.Json;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// Deepgram's speak socket, one for the whole call. Each text is followed by a Flush, and its Flushed says that its audio is complete:
/// <code>
/// > {"type":"Speak","text":"..."}  > {"type":"Flush"}        < binary audio ...  < {"type":"Flushed","sequence_id":0}
/// > {"type":"Clear"}               < {"type":"Cleared","sequence_id":0}
/// </code>
/// </summary>
sealed class DeepgramVoice(DeepgramEndpoint endpoint, VoiceChoice choice, TimeProvider clock, ILogger log) : ITextToSpeech
{
    const string Vendor = "deepgram";

    /// <summary>The vendor ignores the 21st Flush of a minute, and ends the connection at 2,400 characters: then it is the other way's turn.</summary>
    const int FlushesAMinute = 18;
    const int CharactersAMinute = 2200;

    static readonly TimeSpan WarmWithin = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim one = new(1, 1);
    readonly Queue<(long At, int Characters)> lastMinute = new();
    readonly CancellationTokenSource stop = new();
    readonly Uri url = new(
        $"{endpoint.Listen.ToString().TrimEnd('/')}/v1/speak?model={Uri.EscapeDataString(choice.Voice)}&encoding=mulaw&sample_rate=8000"
        + (choice.Speed is { } speed ? string.Create(CultureInfo.InvariantCulture, $"&speed={speed:0.##}") : ""));

    Connection? connection;
    Task warming = Task.CompletedTask;

    public string Name => "deepgram-ws";

    public void Warm()
    {
        if (warming.IsCompleted && connection is not { IsOpen: true } && one.CurrentCount > 0)
        {
            warming = WarmAsync();
        }
    }

    async Task WarmAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        patience.CancelAfter(WarmWithin);
        try
        {
            await one.WaitAsync(patience.Token);
            try
            {
                await ConnectedAsync(patience.Token);
            }
            finally
            {
                one.Release();
            }
        }
        catch (Exception error) when (error is EngineRefusedException or OperationCanceledException)
        {
            // Whoever speaks tries again, and is told then.
        }
    }

    public async Task SpeakAsync(string text, AudioSink sink, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            KeepToTheLimits(text.Length);
            var open = await ConnectedAsync(ct);
            await open.SpeakAsync(text, sink, ct);
        }
        catch (EngineRefusedException error)
        {
            throw new SpeechFailedException(error.Message, error);
        }
        finally
        {
            one.Release();
        }
    }

    void KeepToTheLimits(int characters)
    {
        while (lastMinute.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At) >= TimeSpan.FromMinutes(1))
        {
            lastMinute.Dequeue();
        }

        if (lastMinute.Count >= FlushesAMinute || lastMinute.Sum(entry => entry.Characters) + characters > CharactersAMinute)
        {
            throw new SpeechFailedException("deepgram's socket has spoken as much as it may in a minute");
        }

        lastMinute.Enqueue((clock.GetTimestamp(), characters));
    }

    async Task<Connection> ConnectedAsync(CancellationToken ct)
    {
        if (connection is { IsOpen: true } open && !open.IsStuck(clock))
        {
            return open;
        }

        if (connection is { } broken)
        {
            connection = null;
            await broken.Socket.DisposeAsync();
        }

        var socket = await VendorSocket.ConnectAsync(Vendor, url, ("Authorization", $"Token {endpoint.ApiKey}"), clock, log, ct);
        connection = new Connection(socket, clock, log);
        socket.Start(connection);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await warming;
        await one.WaitAsync(); // whoever speaks has been cancelled by the call's end
        if (connection is { } last)
        {
            await last.Socket.DisposeAsync();
        }

        stop.Dispose();
        one.Dispose();
    }

    /// <summary>One socket and the text that it speaks now.</summary>
    sealed class Connection(VendorSocket socket, TimeProvider clock, ILogger log) : IVendorSocketReader
    {
        static readonly ReadOnlyMemory<byte> Flush = """{"type":"Flush"}"""u8.ToArray();
        static readonly ReadOnlyMemory<byte> Clear = """{"type":"Clear"}"""u8.ToArray();

        readonly Lock gate = new();
        AudioSink? sink;
        TaskCompletionSource? done;
        int clearing;
        long clearedAt;

        public VendorSocket Socket => socket;

        public bool IsOpen { get; private set; } = true;

        /// <summary>A Clear is answered at once or never.</summary>
        public bool IsStuck(TimeProvider now) => clearing > 0 && now.GetElapsedTime(clearedAt) > TimeSpan.FromSeconds(1);

        public async Task SpeakAsync(string text, AudioSink to, CancellationToken ct)
        {
            Task spoken;
            lock (gate)
            {
                done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                spoken = done.Task;
                sink = to;
                if (!IsOpen)
                {
                    done.SetException(new SpeechFailedException("deepgram's socket is closed"));
                }
            }

            socket.Send(JsonSerializer.SerializeToUtf8Bytes(new SpeakWords("Speak", text), SpeechJson.Default.SpeakWords));
            socket.Send(Flush);
            try
            {
                await spoken.WaitAsync(ct);
            }
            catch (OperationCanceledException)
            {
                lock (gate)
                {
                    sink = null;
                    clearing++;
                    clearedAt = clock.GetTimestamp();
                }

                socket.Send(Clear); // what still comes until it is answered belongs to nobody
                throw;
            }
        }

        public void OnAudio(ReadOnlySpan<byte> bytes)
        {
            AudioSink? to;
            lock (gate)
            {
                to = clearing == 0 ? sink : null;
            }

            to?.Invoke(bytes);
        }

        public string? OnText(ReadOnlySpan<byte> json)
        {
            var message = SpeechJson.Read(json, SpeechJson.Default.VoiceMessage);
            switch (message?.Type)
            {
                case "Flushed":
                    lock (gate)
                    {
                        if (clearing == 0)
                        {
                            sink = null;
                            done?.TrySetResult();
                        }
                    }

                    break;
                case "Cleared":
                    lock (gate)
                    {
                        clearing = Math.Max(0, clearing - 1);
                    }

                    break;
                case "Metadata":
                    break;
                case "Warning" or "Error":
                    VendorSocket.Count(Vendor, message.Code ?? message.Type);
                    SpeechLog.Complained(log, Vendor, message.Code, message.Description);
                    if (message.Type == "Error" || message.Code == "EXCESSIVE_FLUSH")
                    {
                        return message.Code ?? "error"; // its audio would never come
                    }

                    break;
                default:
                    VendorSocket.Count(Vendor, message is null ? "bad-json" : "unknown-type");
                    SpeechLog.UnknownMessage(log, Vendor, message?.Type, json.Length);
                    break;
            }

            return null;
        }

        public void OnClosed(string reason)
        {
            lock (gate)
            {
                IsOpen = false;
                done?.TrySetException(new SpeechFailedException($"deepgram's socket: {reason}"));
            }
        }
    }
}

sealed record VoiceMessage(string? Type, string? Code, string? Description);

sealed record SpeakWords([property: System.Text.Json.Serialization.JsonPropertyName("type")] string Type, [property: System.Text.Json.Serialization.JsonPropertyName("text")] string Text);

/// <summary>Deepgram's speak by HTTP, its audio as it comes: what the socket may not or cannot say.</summary>
sealed class DeepgramRestVoice(SpeechHttp http, DeepgramEndpoint endpoint, VoiceChoice choice) : ITextToSpeech
{
    public string Name => "deepgram-http";

    public void Warm()
    {
        // Connections are pooled.
    }

    public Task SpeakAsync(string text, AudioSink sink, CancellationToken ct)
    {
        var speed = choice.Speed is { } factor ? string.Create(CultureInfo.InvariantCulture, $"&speed={factor:0.##}") : "";
        var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(endpoint.Speak, $"/v1/speak?model={Uri.EscapeDataString(choice.Voice)}&encoding=mulaw&sample_rate=8000&container=none{speed}"))
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new SpeakRequest(text), SpeakJson.Default.SpeakRequest)),
        };
        request.Headers.Add("Authorization", $"Token {endpoint.ApiKey}");
        return http.StreamAsync("deepgram", request, sink, ct);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Makes Deepgram's voices.</summary>
sealed class DeepgramVoices(DeepgramEndpoint endpoint, SpeechHttp http, TimeProvider clock, ILogger<DeepgramVoices> log) : IVoiceMaker
{
    public string Vendor => "deepgram";

    public IEnumerable<ITextToSpeech> Make(VoiceChoice choice, string language) =>
        [new DeepgramVoice(endpoint, choice, clock, log), new DeepgramRestVoice(http, endpoint, choice)];
}
