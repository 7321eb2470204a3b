using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Bench.Calls;

/// <summary>A voice agent that takes no time: Deepgram's protocol, an answer as soon as an utterance ends.</summary>
sealed class LoadVendor : IAsyncDisposable
{
    readonly WebApplication app;
    readonly Func<int, LoadCall?> find;
    int open;

    LoadVendor(WebApplication app, Func<int, LoadCall?> find) => (this.app, this.find) = (app, find);

    public Uri Url { get; private set; } = null!;

    public int OpenSockets => Volatile.Read(ref open);

    public static byte[] UserStarted { get; } = """{"type":"UserStartedSpeaking"}"""u8.ToArray();
    public static byte[] UserText { get; } = """{"type":"ConversationText","role":"user","content":"Where is it exactly?"}"""u8.ToArray();
    public static byte[] AgentText { get; } = """{"type":"ConversationText","role":"assistant","content":"At the corner of Fifth and Main."}"""u8.ToArray();
    public static byte[] AgentStarted { get; } = """{"type":"AgentStartedSpeaking","total_latency":0.5,"tts_latency":0.1,"ttt_latency":0.4}"""u8.ToArray();
    public static byte[] AudioDone { get; } = """{"type":"AgentAudioDone"}"""u8.ToArray();

    public static async Task<LoadVendor> StartAsync(Func<int, LoadCall?> find)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var vendor = new LoadVendor(app, find);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.Map("/v1/agent/converse", vendor.ConverseAsync);
        app.MapPost("/v1/speak", static () => Results.Bytes(new byte[8000], "audio/mulaw"));
        new CascadeVendor(find).Map(app);
        await app.StartAsync();
        vendor.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return vendor;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    async Task ConverseAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        Interlocked.Increment(ref open);
        var buffer = new byte[64 * 1024];
        LoadCall? caller = null;
        try
        {
            await socket.SendAsync("""{"type":"Welcome","request_id":"r-1"}"""u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                if (result.MessageType == WebSocketMessageType.Binary)
                {
                    if (Audio.CallerWhoEnds(buffer.AsSpan(0, length)) is >= 0 and var number)
                    {
                        caller = find(number);
                        caller?.EndHeard(socket);
                    }
                }
                else if (buffer.AsSpan(0, length).IndexOf("\"Settings\""u8) >= 0)
                {
                    await socket.SendAsync("""{"type":"SettingsApplied"}"""u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
                }
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException)
        {
            // The subject has left.
        }
        finally
        {
            caller?.VendorGone();
            Interlocked.Decrement(ref open);
        }
    }
}
