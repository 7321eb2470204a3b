using System.Net;
using System.Net.Sockets;
using CityMonitor.Simulator.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Simulator.Tests;

/// <summary>The whole simulator in this process, on free ports of its own. Every test may have one: it starts in a few ms.</summary>
sealed class RunningSimulator : IAsyncDisposable
{
    readonly WebApplication app;

    RunningSimulator(WebApplication app, VendorPorts ports)
    {
        this.app = app;
        Ports = ports;
    }

    public VendorPorts Ports { get; }

    public Timeline Timeline => Get<Timeline>();

    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

    public static Task<RunningSimulator> StartAsync(params (string Key, string Value)[] settings) => StartAsync(_ => { }, settings);

    public static async Task<RunningSimulator> StartAsync(Action<IServiceCollection> services, params (string Key, string Value)[] settings)
    {
        for (var attempt = 1; ; attempt++)
        {
            var ports = FreePorts();
            var app = SimulatorApp.Build([], builder =>
            {
                builder.Logging.ClearProviders();
                builder.Configuration.AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value));
                builder.Configuration.AddInMemoryCollection(ports.All.ToDictionary(p => $"Simulator:Ports:{p.Name}", p => (string?)$"{p.Port}"));
                services(builder.Services);
            });
            try
            {
                await app.StartAsync();
                return new RunningSimulator(app, ports);
            }
            catch (IOException) when (attempt < 5)
            {
                // Another test took a port between the look and the bind.
                await app.DisposeAsync();
            }
        }
    }

    /// <summary>A client of one port; a redirect or a failure is the test's to see.</summary>
    public static HttpClient Client(int port) => new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(20) };

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    static VendorPorts FreePorts()
    {
        var listeners = Enumerable.Range(0, 6).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        var ports = listeners.ConvertAll(listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        listeners.ForEach(listener => listener.Dispose());
        return new VendorPorts { Control = ports[0], Twilio = ports[1], Deepgram = ports[2], Freshdesk = ports[3], OpenAI = ports[4], ElevenLabs = ports[5] };
    }
}
