using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

/// <summary>A Voice Agent client as a bridge is one: sends settings and audio, hears audio, answers functions.</summary>
sealed class AgentClient : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly ClientWebSocket socket = new();
    readonly Channel<JsonNode> messages = Channel.CreateUnbounded<JsonNode>();
    readonly ToneDecoder decoder = new();
    readonly StringBuilder heard = new();
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

    public string? RequestId { get; private set; }

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

    public static async Task<AgentClient> ConnectAsync(int port, string authorization = "Token simulator")
    {
        var client = new AgentClient();
        client.socket.Options.SetRequestHeader("Authorization", authorization);
        client.socket.Options.CollectHttpResponseDetails = true;
        using var patience = new CancellationTokenSource(Patience);
        await client.socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/v1/agent/converse"), patience.Token);
        client.RequestId = client.socket.HttpResponseHeaders!["dg-request-id"].Single();
        client.reading = client.ReadAsync();
        return client;
    }

    /// <summary>Connects, sends the settings and waits until they are applied.</summary>
    public static async Task<AgentClient> OpenAsync(int port, JsonObject settings)
    {
        var client = await ConnectAsync(port);
        await client.WaitAsync("Welcome");
        await client.SendAsync(settings);
        await client.WaitAsync("SettingsApplied");
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

    public async Task<string> WaitForTextAsync(string role, string part) =>
        (string)(await WaitAsync(
            m => (string?)m["type"] == "ConversationText" && (string?)m["role"] == role && ((string)m["content"]!).Contains(part, StringComparison.OrdinalIgnoreCase),
            $"{role}: {part}"))["content"]!;

    /// <summary>The next function call, and its answer.</summary>
    public async Task<JsonObject> AnswerAsync(string function, string content)
    {
        var call = await WaitForCallAsync(function);
        await RespondAsync(call, content);
        return JsonNode.Parse((string)call["arguments"]!)!.AsObject();
    }

    public async Task<JsonNode> WaitForCallAsync(string function)
    {
        var request = await WaitAsync(
            m => (string?)m["type"] == "FunctionCallRequest" && m["functions"]!.AsArray().Any(f => (string?)f!["name"] == function), $"call of {function}");
        return request["functions"]!.AsArray().Single(f => (string?)f!["name"] == function)!;
    }

    public Task RespondAsync(JsonNode call, string content) => SendAsync(new JsonObject
    {
        ["type"] = "FunctionCallResponse", ["id"] = (string?)call["id"], ["name"] = (string?)call["name"], ["content"] = content,
    });

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

    /// <summary>Waits until the server has closed or cut the connection.</summary>
    public Task EndedAsync() => reading.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        socket.Abort();
        await reading;
        socket.Dispose();
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

    void Take(WebSocketMessageType type, ReadOnlySpan<byte> message)
    {
        lock (gate)
        {
            if (type == WebSocketMessageType.Binary)
            {
                AudioBytes += message.Length;
                decoder.Feed(message);
                if (log.Count == 0 || (string?)log[^1]["type"] != "audio")
                {
                    log.Add(new JsonObject { ["type"] = "audio" });
                }

                return;
            }

            var json = JsonNode.Parse(message)!;
            log.Add(json);
            messages.Writer.TryWrite(json);
        }
    }
}
