using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using CityMonitor.Simulator.Speech;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>Deepgram as a test wants it: each message of the agent's socket in the test's hand, speak with the tone code.</summary>
sealed class FakeDeepgram : IAsyncDisposable
{
    readonly WebApplication app;
    readonly Channel<AgentConnection> connections = Channel.CreateUnbounded<AgentConnection>();
    int open;

    FakeDeepgram(WebApplication app) => this.app = app;

    /// <summary>Status for the agent's handshake instead of a socket; 0 accepts.</summary>
    public int RefuseAgentWith { get; set; }

    /// <summary>Accept the socket and never say a word.</summary>
    public bool MuteHandshake { get; set; }

    /// <summary>How long the agent takes to apply its settings.</summary>
    public TimeSpan HandshakeDelay { get; set; }

    public int AgentAttempts;

    /// <summary>Status of speak; 200 speaks.</summary>
    public int SpeakStatus { get; set; } = 200;

    public TimeSpan SpeakDelay { get; set; }

    public List<string> Spoken { get; } = [];

    public int OpenSockets => Volatile.Read(ref open);

    public Uri Url { get; private set; } = null!;

    public static async Task<FakeDeepgram> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new FakeDeepgram(app);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.Map("/v1/agent/converse", fake.AgentAsync);
        app.MapPost("/v1/speak", fake.SpeakAsync);
        await app.StartAsync();
        fake.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return fake;
    }

    /// <summary>The next agent connection in use: Welcome sent, Settings received, SettingsApplied sent, the first audio received.</summary>
    public async Task<AgentConnection> NextAsync(TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(10));
        var connection = await connections.Reader.ReadAsync(limit.Token);
        while (connection.Closed.IsCompleted)
        {
            connection = await connections.Reader.ReadAsync(limit.Token); // given up meanwhile
        }

        await Eventually.TrueAsync(() => connection.AudioBytes > 0, "audio flows to the agent");
        return connection;
    }

    async Task AgentAsync(HttpContext context)
    {
        Interlocked.Increment(ref AgentAttempts);
        if (RefuseAgentWith != 0)
        {
            context.Response.StatusCode = RefuseAgentWith;
            context.Response.Headers["dg-error"] = "refused by the test";
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        Interlocked.Increment(ref open);
        try
        {
            var connection = new AgentConnection(socket, context.Request.Headers.Authorization.ToString());
            if (MuteHandshake)
            {
                await connection.ReadAsync();
                return;
            }

            var reading = connection.ReadAsync();
            await connection.SendAsync("""{"type":"Welcome","request_id":"r-1"}""");
            connection.Settings = await connection.NextAsync("Settings");
            await Task.Delay(HandshakeDelay);
            await connection.SendAsync("""{"type":"SettingsApplied"}""");
            connections.Writer.TryWrite(connection);
            await reading;
        }
        catch (OperationCanceledException)
        {
            // The bridge has left during the handshake.
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    async Task SpeakAsync(HttpContext context)
    {
        await Task.Delay(SpeakDelay);
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var text = body.RootElement.GetProperty("text").GetString()!;
        lock (Spoken)
        {
            Spoken.Add($"{context.Request.QueryString}|{text}");
        }

        context.Response.StatusCode = SpeakStatus;
        if (SpeakStatus == 200)
        {
            context.Response.ContentType = "audio/mulaw;rate=8000";
            await context.Response.Body.WriteAsync(ToneCode.Encode(text));
        }
        else
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"err_code":"X","err_msg":"by the test"}""");
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }
}

/// <summary>One agent connection, the vendor's side.</summary>
sealed class AgentConnection(WebSocket socket, string authorization) : VendorSide(socket)
{
    readonly Channel<JsonObject> texts = Channel.CreateUnbounded<JsonObject>();
    readonly ToneDecoder ear = new(TimeSpan.FromMilliseconds(250));

    public string Authorization { get; } = authorization;

    public JsonObject Settings { get; set; } = null!;

    public List<int> AudioMessages { get; } = [];

    /// <summary>All text messages so far, raw.</summary>
    public List<string> Raw { get; } = [];

    /// <summary>What the caller was heard to say, tone code decoded.</summary>
    public string HeardText
    {
        get
        {
            lock (ear)
            {
                return ear.Utterance;
            }
        }
    }

    public bool HeardEnd
    {
        get
        {
            lock (ear)
            {
                return ear.UtteranceEnded;
            }
        }
    }

    /// <summary>The agent says a sentence: text, audio at once, done.</summary>
    public async Task SayAsync(string text, bool done = true)
    {
        await SendAsync(new JsonObject { ["type"] = "ConversationText", ["role"] = "assistant", ["content"] = text }.ToJsonString());
        await SendAsync("""{"type":"AgentStartedSpeaking","total_latency":0.5,"tts_latency":0.1,"ttt_latency":0.4}""");
        var audio = ToneCode.Encode(text);
        for (var at = 0; at < audio.Length; at += 960)
        {
            await SendAudioAsync(audio.AsMemory(at, Math.Min(960, audio.Length - at)));
        }

        if (done)
        {
            await SendAsync("""{"type":"AgentAudioDone"}""");
        }
    }

    public Task UserStartedAsync() => SendAsync("""{"type":"UserStartedSpeaking"}""");

    public Task UserSaidAsync(string text) =>
        SendAsync(new JsonObject { ["type"] = "ConversationText", ["role"] = "user", ["content"] = text }.ToJsonString());

    /// <summary>The next text message of this type; others before it are skipped (they stay in <see cref="Raw"/>).</summary>
    public async Task<JsonObject> NextAsync(string type, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(10));
        while (true)
        {
            var message = await texts.Reader.ReadAsync(limit.Token);
            if ((string?)message["type"] == type)
            {
                return message;
            }
        }
    }

    protected override void OnAudio(ReadOnlySpan<byte> bytes)
    {
        lock (ear)
        {
            ear.Feed(bytes);
            AudioMessages.Add(bytes.Length);
        }
    }

    protected override Task OnTextAsync(string json)
    {
        lock (Raw)
        {
            Raw.Add(json);
        }

        texts.Writer.TryWrite(JsonNode.Parse(json)!.AsObject());
        return Task.CompletedTask;
    }

    protected override void OnClosed() => texts.Writer.TryComplete();
}
