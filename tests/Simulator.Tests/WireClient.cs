using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests;

/// <summary>A client at a vendor's socket: sends messages and audio, keeps every message that comes, and hears the audio.</summary>
class WireClient : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly ClientWebSocket socket = new();
    readonly Channel<JsonNode> messages = Channel.CreateUnbounded<JsonNode>();
    readonly ToneDecoder decoder = new();
    readonly StringBuilder heard = new();
    readonly SemaphoreSlim audio = new(0);
    readonly Lock gate = new();
    readonly List<JsonNode> log = [];
    Task reading = Task.CompletedTask;

    /// <summary>Every message so far, in order; audio stands as {"type":"audio"} once for each run of frames.</summary>
    public IReadOnlyList<JsonNode> Log
    {
        get
        {
            lock (gate)
            {
                return [.. log];
            }
        }
    }

    public WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

    public string? CloseDescription => socket.CloseStatusDescription;

    public long AudioBytes { get; private set; }

    /// <summary>All that the agent's audio says.</summary>
    public string Heard
    {
        get
        {
            lock (gate)
            {
                heard.Append(decoder.Take());
                return heard.ToString();
            }
        }
    }

    /// <summary>Header of the answer to the handshake.</summary>
    public string Header(string name) => socket.HttpResponseHeaders![name].Single();

    public static async Task<T> ConnectAsync<T>(string url, params (string Name, string Value)[] headers) where T : WireClient, new()
    {
        var client = new T();
        foreach (var (name, value) in headers)
        {
            client.socket.Options.SetRequestHeader(name, value);
        }

        client.socket.Options.CollectHttpResponseDetails = true;
        using var patience = new CancellationTokenSource(Patience);
        await client.socket.ConnectAsync(new Uri(url), patience.Token);
        client.reading = client.ReadAsync();
        return client;
    }

    public Task SendAsync(JsonNode message) => SendAsync(message.ToJsonString());

    public Task SendAsync(string message) => socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, default);

    public Task SendAudioAsync(ReadOnlyMemory<byte> audio) => socket.SendAsync(audio, WebSocketMessageType.Binary, true, default).AsTask();

    /// <summary>Says a text and then is silent for so long; audio goes out as fast as it can, in 20 ms frames.</summary>
    public async Task SayAsync(string text, int silenceMs = 700)
    {
        byte[] audio = [.. ToneCode.Encode(text), .. MuLaw.SilenceOf(TimeSpan.FromMilliseconds(silenceMs))];
        for (var at = 0; at < audio.Length; at += 160)
        {
            await SendAudioAsync(audio.AsMemory(at, Math.Min(160, audio.Length - at)));
        }
    }

    /// <summary>The next message of a type; others before it are passed over.</summary>
    public Task<JsonNode> WaitAsync(string type) => WaitAsync(m => (string?)m["type"] == type, type);

    public async Task<JsonNode> WaitAsync(Func<JsonNode, bool> match, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var message = await messages.Reader.ReadAsync(patience.Token);
                if (match(message))
                {
                    return message;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            throw new TimeoutException($"No {what}. There were:\n{string.Join('\n', Log.Select(m => m.ToJsonString()))}");
        }
    }

    /// <summary>Waits until so many bytes of audio have come.</summary>
    public async Task WaitForAudioAsync(long bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (AudioBytes < bytes)
        {
            await audio.WaitAsync(patience.Token);
        }
    }

    /// <summary>Waits until the server has closed or cut the connection.</summary>
    public Task EndedAsync() => reading.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        socket.Abort();
        await reading;
        socket.Dispose();
        audio.Dispose();
        GC.SuppressFinalize(this);
    }

    async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await socket.ReceiveAsync(buffer.AsMemory(length), default);
                    length += received.Count;
                }
                while (!received.EndOfMessage);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default);
                    return;
                }

                Take(received.MessageType, buffer.AsSpan(0, length));
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // Cut by the server, or by our own Abort.
        }
        finally
        {
            messages.Writer.TryComplete();
        }
    }

    /// <summary>Audio that came inside a message.</summary>
    protected void Hear(ReadOnlySpan<byte> piece)
    {
        AudioBytes += piece.Length;
        decoder.Feed(piece);
        audio.Release();
    }

    /// <summary>Called under the lock for each message, before anybody sees it.</summary>
    protected virtual void Arrived(JsonNode message)
    {
    }

    void Take(WebSocketMessageType type, ReadOnlySpan<byte> message)
    {
        lock (gate)
        {
            if (type == WebSocketMessageType.Binary)
            {
                Hear(message);
                if (log.Count == 0 || (string?)log[^1]["type"] != "audio")
                {
                    log.Add(new JsonObject { ["type"] = "audio" });
                }

                return;
            }

            var json = JsonNode.Parse(message)!;
            Arrived(json);
            log.Add(json);
            messages.Writer.TryWrite(json);
        }
    }
}
