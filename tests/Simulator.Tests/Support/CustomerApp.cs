using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Simulator.Tests.Support;

/// <summary>A request that Twilio made to the application.</summary>
sealed record Received(string Path, IReadOnlyDictionary<string, string> Fields, string? Signature, string? IdempotencyToken)
{
    public string this[string field] => Fields.GetValueOrDefault(field, "(absent)");
}

/// <summary>A tiny web application of a Twilio customer: answers webhooks with TwiML, and accepts media sockets at /media.</summary>
sealed class CustomerApp : IAsyncDisposable
{
    readonly WebApplication app;
    readonly ConcurrentDictionary<string, Func<Received, (int, string, string)>> answers = new();
    readonly ConcurrentDictionary<string, Channel<Received>> received = new();

    CustomerApp(WebApplication app) => this.app = app;

    public string Url { get; private set; } = "";

    public string MediaUrl => Url.Replace("http://", "ws://", StringComparison.Ordinal) + "/media";

    public string? HandshakeSignature { get; private set; }

    /// <summary>What the application does with a media socket; when it returns, the socket is closed.</summary>
    public Func<MediaSocket, Task> OnMedia { get; set; } = _ => Task.CompletedTask;

    public static async Task<CustomerApp> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var customer = new CustomerApp(app);
        app.UseWebSockets();
        app.Map("/media", customer.ServeMediaAsync);
        app.MapFallback(customer.ServeAsync);
        await app.StartAsync();
        customer.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return customer;
    }

    public void Answer(string path, string twiml) => answers[path] = _ => (200, "text/xml", twiml);

    public void Answer(string path, Func<Received, string> twiml) => answers[path] = request => (200, "text/xml", twiml(request));

    public void Fail(string path, int status, string body = "no", string contentType = "text/plain") => answers[path] = _ => (status, contentType, body);

    public async Task<Received> NextAsync(string path, int seconds = 10)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            return await Requests(path).Reader.ReadAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Nothing came to {path} within {seconds} s.");
        }
    }

    public IReadOnlyList<Received> Taken(string path)
    {
        var all = new List<Received>();
        while (Requests(path).Reader.TryRead(out var request))
        {
            all.Add(request);
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    Channel<Received> Requests(string path) => received.GetOrAdd(path, _ => Channel.CreateUnbounded<Received>());

    async Task ServeAsync(HttpContext context)
    {
        var fields = context.Request.HasFormContentType
            ? (await context.Request.ReadFormAsync()).ToDictionary(pair => pair.Key, pair => pair.Value.ToString())
            : context.Request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString());
        var request = new Received(
            context.Request.Path, fields, context.Request.Headers["X-Twilio-Signature"], context.Request.Headers["I-Twilio-Idempotency-Token"]);
        Requests(context.Request.Path).Writer.TryWrite(request);
        var (status, contentType, body) = answers.TryGetValue(context.Request.Path, out var answer) ? answer(request) : (200, "text/xml", "<Response/>");
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body);
    }

    async Task ServeMediaAsync(HttpContext context)
    {
        HandshakeSignature = context.Request.Headers["X-Twilio-Signature"];
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await OnMedia(new MediaSocket(socket, context));
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            await MediaSocket.DrainAsync(socket);
        }
    }
}

/// <summary>The application's end of a media stream.</summary>
sealed class MediaSocket(WebSocket socket, HttpContext context)
{
    public string StreamSid { get; private set; } = "";

    /// <summary>The next message, or null when Twilio closed the socket.</summary>
    public async Task<JsonElement?> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        var buffer = new byte[64 * 1024];
        var length = 0;
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(length), deadline.Token);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += result.Count;
            if (result.EndOfMessage)
            {
                var message = JsonDocument.Parse(buffer.AsMemory(0, length)).RootElement.Clone();
                StreamSid = message.TryGetProperty("streamSid", out var sid) ? sid.GetString()! : StreamSid;
                return message;
            }
        }
    }

    /// <summary>Reads on until a message of this kind comes.</summary>
    public async Task<JsonElement> UntilAsync(string kind)
    {
        while (await ReadAsync() is { } message)
        {
            if (message.GetProperty("event").GetString() == kind)
            {
                return message;
            }
        }

        throw new InvalidOperationException($"The stream was closed before a {kind} came.");
    }

    public Task SendAsync(string json) => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None);

    public Task PlayAsync(byte[] mulaw) =>
        SendAsync("{\"event\":\"media\",\"streamSid\":\"" + StreamSid + "\",\"media\":{\"payload\":\"" + Convert.ToBase64String(mulaw) + "\"}}");

    public Task MarkAsync(string name) => SendAsync("{\"event\":\"mark\",\"streamSid\":\"" + StreamSid + "\",\"mark\":{\"name\":\"" + name + "\"}}");

    public Task ClearAsync() => SendAsync($$"""{"event":"clear","streamSid":"{{StreamSid}}"}""");

    /// <summary>Breaks the connection without a close.</summary>
    public void Break() => context.Abort();

    public static async Task DrainAsync(WebSocket socket)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        var buffer = new byte[4096];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), deadline.Token)).MessageType != WebSocketMessageType.Close)
            {
                // What is still on its way is of no interest any more.
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // Closed already.
        }
    }
}
