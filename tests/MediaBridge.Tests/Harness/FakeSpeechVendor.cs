using System.Net.WebSockets;
using System.Text;
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

/// <summary>Speech sockets and requests of any vendor, each message in the test's hand.</summary>
sealed class FakeSpeechVendor : IAsyncDisposable
{
    readonly WebApplication app;
    readonly Channel<VendorConnection> connections = Channel.CreateUnbounded<VendorConnection>();

    FakeSpeechVendor(WebApplication app) => this.app = app;

    public Uri Url { get; private set; } = null!;

    public Uri Socket => new(Url.ToString().Replace("http://", "ws://", StringComparison.Ordinal));

    /// <summary>Status for every handshake and request; 0 serves.</summary>
    public int RefuseWith { get; set; }

    /// <summary>Answers ElevenLabs' stream-input with the tone code by itself.</summary>
    public bool SpeaksByItself { get; set; } = true;

    /// <summary>What batch speech-to-text writes down.</summary>
    public string Transcript { get; set; } = "";

    /// <summary>Method, path and query, and body of each HTTP request.</summary>
    public List<(string Request, byte[] Body)> Requests { get; } = [];

    public static async Task<FakeSpeechVendor> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new FakeSpeechVendor(app);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.Map("/{**path}", fake.ServeAsync);
        await app.StartAsync();
        fake.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return fake;
    }

    public async Task<VendorConnection> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await connections.Reader.ReadAsync(limit.Token);
    }

    async Task ServeAsync(HttpContext context)
    {
        if (RefuseWith != 0)
        {
            context.Response.StatusCode = RefuseWith;
            return;
        }

        if (context.WebSockets.IsWebSocketRequest)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var connection = new VendorConnection(socket, context.Request.Path + context.Request.QueryString, context.Request.Headers["xi-api-key"].ToString())
            {
                Speaks = SpeaksByItself && context.Request.Path.Value!.EndsWith("/stream-input", StringComparison.Ordinal),
            };
            connections.Writer.TryWrite(connection);
            await connection.ReadAsync();
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        lock (Requests)
        {
            Requests.Add(($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}", body.ToArray()));
        }

        if (context.Request.Path.Value == "/v1/speech-to-text")
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(new JsonObject { ["language_code"] = "en", ["text"] = Transcript, ["words"] = new JsonArray() }.ToJsonString());
        }
        else
        {
            context.Response.ContentType = "audio/basic";
            await context.Response.Body.WriteAsync(ToneCode.Encode((string)JsonNode.Parse(body.ToArray())!["text"]!));
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }
}

/// <summary>One connection, the vendor's side.</summary>
sealed class VendorConnection(WebSocket socket, string request, string key) : VendorSide(socket)
{
    readonly Lock gate = new();
    readonly List<JsonObject> texts = [];
    readonly StringBuilder said = new();

    /// <summary>Path and query.</summary>
    public string Request { get; } = request;

    public string Key { get; } = key;

    /// <summary>Says by itself what it has been told, as soon as that has ended.</summary>
    public bool Speaks { get; init; }

    public IReadOnlyList<JsonObject> Texts
    {
        get
        {
            lock (gate)
            {
                return [.. texts];
            }
        }
    }

    public Task SentAsync(Func<JsonObject, bool> what) => Eventually.TrueAsync(() => Texts.Any(what), "the client has sent it");

    protected override async Task OnTextAsync(string json)
    {
        var message = JsonNode.Parse(json)!.AsObject();
        lock (gate)
        {
            texts.Add(message);
        }

        if ((string?)message["audio_base_64"] is { } chunk)
        {
            Came(Convert.FromBase64String(chunk).Length);
        }

        if (Speaks && (string?)message["text"] is { } text)
        {
            said.Append(text);
            if (text.Length == 0)
            {
                await SpeakAsync(said.ToString().Trim());
                await CloseAsync();
            }
        }
    }

    async Task SpeakAsync(string text)
    {
        foreach (var piece in ToneCode.Encode(text).Chunk(4000))
        {
            await SendAsync(new JsonObject { ["audio"] = Convert.ToBase64String(piece), ["isFinal"] = null, ["alignment"] = null }.ToJsonString());
        }

        await SendAsync("""{"audio":null,"isFinal":true}""");
    }
}
