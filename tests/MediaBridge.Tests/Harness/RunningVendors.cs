using System.Net;
using System.Net.Sockets;
using CityMonitor.Simulator.Control;
using CityMonitor.Simulator.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>The Simulator with its speech vendors, in this process, over real sockets.</summary>
sealed class RunningVendors : IAsyncDisposable
{
    static readonly string[] s_names = ["Control", "Twilio", "Deepgram", "Freshdesk", "OpenAI", "ElevenLabs"];

    readonly WebApplication app;

    RunningVendors(WebApplication app, Uri deepgram, Uri elevenLabs) => (this.app, Deepgram, ElevenLabs) = (app, deepgram, elevenLabs);

    public Uri Deepgram { get; }

    public Uri ElevenLabs { get; }

    public FaultBoard Faults => app.Services.GetRequiredService<FaultBoard>();

    public static async Task<RunningVendors> StartAsync(params (string Key, string Value)[] settings)
    {
        for (var attempt = 1; ; attempt++)
        {
            var ports = FreePorts(s_names.Length);
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(s_names.Zip(ports).ToDictionary(pair => $"Simulator:Ports:{pair.First}", pair => (string?)$"{pair.Second}"));
            builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
            builder.AddSimulatorHost();
            var app = builder.Build();
            app.UseSimulatorHost();
            try
            {
                await app.StartAsync();
                return new RunningVendors(app, new Uri($"http://127.0.0.1:{ports[2]}"), new Uri($"http://127.0.0.1:{ports[5]}"));
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
