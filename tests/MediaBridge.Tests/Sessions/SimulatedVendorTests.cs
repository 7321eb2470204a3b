using System.Net;
using System.Net.Sockets;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Control;
using CityMonitor.Simulator.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.MediaBridge.Tests.Sessions;

/// <summary>Against the simulator's Deepgram: its ear, its voice and its scripted mind over the real protocol.</summary>
public sealed class SimulatedVendorTests(SharedRedis redis)
{
    [Fact]
    public async Task The_simulated_agent_and_a_phone_talk_and_the_record_is_what_was_heard()
    {
        await using var simulator = await RunningDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Url);
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        await phone.SayAsync("Hello");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count >= 3, "the agent has answered", TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => !phone.IsPlaying, "it is quiet", TimeSpan.FromSeconds(20));

        await Eventually.TrueAsync(() => bridge.Streams.All.All(stream => !stream.Status.AgentSpeaking), "the last mark is back");
        var told = string.Join(' ', (await bridge.TurnsAsync(session.Call)).Where(turn => turn.Speaker == Speaker.Agent).Select(turn => turn.Text));
        Assert.Equal(phone.Heard, told);
        Assert.Equal("Hello", (await bridge.TurnsAsync(session.Call))[1].Text);
    }

    [Fact]
    public async Task A_simulated_agent_that_goes_mute_is_replaced_or_the_call_goes_to_the_keypad()
    {
        await using var simulator = await RunningDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Url, ("Deepgram:OpenTimeoutMs", "300"));
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        simulator.Faults.Set(FaultTarget.DeepgramAgent, new Fault { Mute = true });
        await phone.SayAsync("Hello there");

        Assert.Equal("engine-failed", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(15))).Reason);
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_simulated_agent_whose_socket_drops_costs_no_word()
    {
        await using var simulator = await RunningDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Url);
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        simulator.Faults.Set(FaultTarget.DeepgramAgent, new Fault { DropSocketsAfterMs = 0 });
        simulator.Faults.Clear(FaultTarget.DeepgramAgent);
        await phone.SayAsync("Hello");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count >= 3, "the agent has answered", TimeSpan.FromSeconds(20));
        Assert.Equal("Hello", (await bridge.TurnsAsync(session.Call)).First(turn => turn.Speaker == Speaker.Responder).Text);
    }

    sealed class RunningDeepgram(WebApplication app, Uri url) : IAsyncDisposable
    {
        public Uri Url { get; } = url;

        public FaultBoard Faults => app.Services.GetRequiredService<FaultBoard>();

        public static async Task<RunningDeepgram> StartAsync()
        {
            for (var attempt = 1; ; attempt++)
            {
                var ports = FreePorts(6);
                var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
                builder.Logging.ClearProviders();
                string[] names = ["Control", "Twilio", "Deepgram", "Freshdesk", "OpenAI", "ElevenLabs"];
                builder.Configuration.AddInMemoryCollection(names.Zip(ports).ToDictionary(pair => $"Simulator:Ports:{pair.First}", pair => (string?)$"{pair.Second}"));
                builder.AddSimulatorHost();
                var app = builder.Build();
                app.UseSimulatorHost();
                try
                {
                    await app.StartAsync();
                    return new RunningDeepgram(app, new Uri($"http://127.0.0.1:{ports[2]}"));
                }
                catch (IOException) when (attempt < 5)
                {
                    await app.DisposeAsync(); // somebody took a port meanwhile
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await app.StopAsync(patience.Token);
            await app.DisposeAsync();
        }

        static List<int> FreePorts(int count)
        {
            var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
            listeners.ForEach(listener => listener.Start());
            var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port);
            listeners.ForEach(listener => listener.Dispose());
            return ports;
        }
    }
}
