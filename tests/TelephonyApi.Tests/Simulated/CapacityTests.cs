using System.Net.WebSockets;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.TelephonyApi.Tests.Simulated;

/// <summary>At N and at N + 1 calls, with phones that ring and sockets that are opened: none is dropped.</summary>
public sealed class CapacityTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>, IAsyncLifetime
{
    static readonly TimeSpan aCall = TimeSpan.FromSeconds(120);

    RedisServer redis = null!;
    RunningTelephony telephony = null!;

    public async ValueTask InitializeAsync()
    {
        redis = await RedisServer.StartAsync();
        telephony = await RunningTelephony.StartWithSimulatorAsync(redis.ConnectionString, simulator.Ports.Twilio, ("Capacity:MaxConcurrentCalls", "3"));
    }

    public async ValueTask DisposeAsync()
    {
        await telephony.DisposeAsync();
        await redis.DisposeAsync();
    }

    [Fact]
    public async Task Two_calls_for_a_bridges_last_place_are_one_conversation_and_one_keypad()
    {
        await using var bridge = await StandInBridge.StartAsync(telephony, places: 1);
        foreach (var number in (string[])["+12025550191", "+12025550192"])
        {
            simulator.Phone($"{{number: '{number}', answer_after: 3s, lines: [{{on: 'Press 9', press: '1'}}]}}");
        }

        // Both are dialled while the place is free.
        await Task.WhenAll(telephony.PlaceAsync("fd-1.1", "+12025550191"), telephony.PlaceAsync("fd-2.1", "+12025550192"));
        var accepted = await telephony.OneAsync<KeypadPressed>(timeout: aCall);
        await telephony.OneAsync<CallEnded>(ended => ended.Call == accepted.Call && ended.End == CallEnd.Completed, aCall);
        Assert.Equal((1, 1), (bridge.Streams, bridge.MostStreams));
        Assert.True(bridge.Refused >= 1, "the second one was refused");
        Assert.Single(await telephony.PublishedAsync<CallEnded>());
    }

    [Fact]
    public async Task Above_the_bridges_places_the_keypad_answers_and_above_the_capacity_a_call_waits_in_the_queue()
    {
        await using var bridge = await StandInBridge.StartAsync(telephony, places: 2);
        foreach (var number in (string[])["+12025550193", "+12025550194"])
        {
            simulator.Phone($"{{number: '{number}', answer_after: 100ms}}");
        }

        await telephony.PlaceAsync("fd-1.1", "+12025550193");
        await telephony.PlaceAsync("fd-2.1", "+12025550194");
        await Eventually.TrueAsync(() => bridge.Streams == 2, "both have their stream", aCall);

        simulator.Phone("{number: '+12025550195', answer_after: 100ms, lines: [{on: 'Press 9', press: '1'}]}");
        simulator.Phone("{number: '+12025550196', answer_after: 60s}");
        var third = await telephony.PlaceAsync("fd-3.1", "+12025550195");
        await telephony.OneAsync<CallPlaced>(placed => placed.Call == third, aCall);
        var fourth = await telephony.PlaceAsync("fd-4.1", "+12025550196");
        await telephony.DialIsAsync(fourth, "queued");
        Assert.Equal(third, (await telephony.OneAsync<KeypadPressed>(timeout: aCall)).Call);
        Assert.Equal("queued", await telephony.FieldAsync(fourth, CallFields.Dial));

        // The place of the third is the fourth's at once.
        await telephony.OneAsync<CallEnded>(ended => ended.Call == third, aCall);
        await telephony.OneAsync<CallPlaced>(placed => placed.Call == fourth, TimeSpan.FromSeconds(5));
        Assert.Equal((2, 2), (bridge.Streams, bridge.MostStreams));
        Assert.Single(await telephony.PublishedAsync<CallEnded>());
    }

    /// <summary>A bridge as far as its places go: one socket each, refused with 503 above them, and said in Redis as a bridge says it.</summary>
    sealed class StandInBridge : IAsyncDisposable
    {
        readonly WebApplication app;
        readonly RunningTelephony telephony;
        readonly int places;
        readonly CancellationTokenSource closing = new();
        readonly SemaphoreSlim gate = new(1);
        string url = "";

        StandInBridge(WebApplication app, RunningTelephony telephony, int places) => (this.app, this.telephony, this.places) = (app, telephony, places);

        public int Streams { get; private set; }

        public int MostStreams { get; private set; }

        public int Refused { get; private set; }

        public static async Task<StandInBridge> StartAsync(RunningTelephony telephony, int places)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var bridge = new StandInBridge(builder.Build(), telephony, places);
            bridge.app.UseWebSockets();
            bridge.app.Run(bridge.AcceptAsync);
            await bridge.app.StartAsync();
            bridge.url = bridge.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single().Replace("http", "ws", StringComparison.Ordinal) + "/media";
            await bridge.AnnounceAsync();
            return bridge;
        }

        public async ValueTask DisposeAsync()
        {
            await closing.CancelAsync();
            await app.StopAsync();
            await app.DisposeAsync();
            closing.Dispose();
            gate.Dispose();
        }

        Task AnnounceAsync() => telephony.AddBridgeAsync("stand-in", places - Streams, url);

        async Task AcceptAsync(HttpContext context)
        {
            await gate.WaitAsync();
            try
            {
                if (Streams >= places)
                {
                    Refused++;
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                    return;
                }

                Streams++;
                MostStreams = Math.Max(MostStreams, Streams);
                await AnnounceAsync();
            }
            finally
            {
                gate.Release();
            }

            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[4096];
            try
            {
                while ((await socket.ReceiveAsync(buffer, closing.Token)).MessageType != WebSocketMessageType.Close)
                {
                    // Its audio is nobody's business here.
                }
            }
            catch (Exception error) when (error is OperationCanceledException or WebSocketException)
            {
                // The test ends, or the phone hung up.
            }
        }
    }
}
