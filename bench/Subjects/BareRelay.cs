using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CityMonitor.MediaBridge.Twilio;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Bench.Subjects;

/// <summary>
/// The floor: what any bridge must do, and nothing else. Twilio's frames are decoded and go to the vendor in messages of so many
/// frames, at once where an utterance ends; the vendor's audio goes back as it comes. No turns, no marks, no records, no errors.
/// </summary>
static class BareRelay
{
    public const string Argument = "--relay";

    public static async Task<int> RunAsync(int port, string vendor, int framesPerMessage)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.UseWebSockets();
        app.MapGet("/ready", static () => "ready");
        app.Map("/media", context => RelayAsync(context, new Uri(vendor), framesPerMessage * Calls.Audio.FrameBytes));
        await app.RunAsync();
        return 0;
    }

    static async Task RelayAsync(HttpContext context, Uri vendor, int fullBytes)
    {
        using var phone = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.Zero });
        using var agent = new ClientWebSocket();
        await agent.ConnectAsync(vendor, context.RequestAborted);
        var named = new TaskCompletionSource<string>();
        try
        {
            await Task.WhenAny(UpAsync(phone, agent, named, fullBytes), DownAsync(phone, agent, named.Task));
        }
        catch (WebSocketException)
        {
            // Hung up.
        }
    }

    static async Task UpAsync(WebSocket phone, ClientWebSocket agent, TaskCompletionSource<string> named, int fullBytes)
    {
        var buffer = new byte[4096];
        var batch = new byte[fullBytes + 4096];
        var (held, sid) = (0, Array.Empty<byte>());
        while (await ReceiveAsync(phone, buffer) is var (type, length) && type != WebSocketMessageType.Close)
        {
            var frame = TwilioFrameParser.Parse(buffer.AsSpan(0, length), sid);
            if (frame.Kind == FrameKind.Start)
            {
                using var start = JsonDocument.Parse(buffer.AsMemory(0, length));
                var name = start.RootElement.GetProperty("streamSid").GetString()!;
                sid = Encoding.UTF8.GetBytes(name);
                named.SetResult(name);
            }
            else if (frame.Kind == FrameKind.Media)
            {
                var audio = buffer.AsMemory(frame.PayloadStart, frame.PayloadLength);
                audio.CopyTo(batch.AsMemory(held));
                held += audio.Length;
                if (held >= fullBytes || Calls.Audio.CallerWhoEnds(audio.Span) >= 0)
                {
                    await agent.SendAsync(batch.AsMemory(0, held), WebSocketMessageType.Binary, true, CancellationToken.None);
                    held = 0;
                }
            }
        }
    }

    static async Task DownAsync(WebSocket phone, ClientWebSocket agent, Task<string> named)
    {
        var messages = new OutboundMessages(await named);
        var buffer = new byte[16 * 1024];
        while (await ReceiveAsync(agent, buffer) is var (type, length) && type != WebSocketMessageType.Close)
        {
            if (type == WebSocketMessageType.Binary)
            {
                var message = messages.Media(buffer.AsSpan(0, length), 0);
                await phone.SendAsync(message.Buffer.AsMemory(0, message.Length), WebSocketMessageType.Text, true, CancellationToken.None);
                ArrayPool<byte>.Shared.Return(message.Buffer);
            }
        }
    }

    static async ValueTask<(WebSocketMessageType Type, int Length)> ReceiveAsync(WebSocket socket, byte[] buffer)
    {
        var length = 0;
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
            length += result.Count;
            if (result.EndOfMessage)
            {
                return (result.MessageType, length);
            }
        }
    }
}
