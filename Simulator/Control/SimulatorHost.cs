using CityMonitor.Simulator.Deepgram;
using CityMonitor.Simulator.ElevenLabs;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Simulator.Minds;
using CityMonitor.Simulator.OpenAI;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Twilio;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CityMonitor.Simulator.Control;

/// <summary>What every part of the simulator shares (ports, clock, timeline, faults), and the vendors.</summary>
static class SimulatorHost
{
    public static WebApplicationBuilder AddSimulatorHost(this WebApplicationBuilder builder)
    {
        var ports = builder.Configuration.GetSection("Simulator:Ports").Get<VendorPorts>() ?? new VendorPorts();
        if (ports.Problem() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        var anyAddress = builder.Configuration.GetValue<bool>("Simulator:ListenOnAnyAddress");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 32 * 1024 * 1024;
            foreach (var (_, port) in ports.All)
            {
                if (anyAddress)
                {
                    kestrel.ListenAnyIP(port);
                }
                else
                {
                    kestrel.ListenLocalhost(port);
                }
            }
        });

        builder.Services.AddSingleton(ports);
        builder.Services.AddSingleton<MatcherPolicy, PortMatcherPolicy>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Timeline>();
        builder.Services.AddSingleton<FaultBoard>();
        builder.Services.AddSingleton<VendorSockets>();
        builder.Services.AddSingleton(provider => new MindLibrary(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>()));
        builder.Services.AddHttpClient();
        builder.AddControl();
        builder.AddTwilio();
        builder.Services.AddFreshdesk();
        builder.Services.AddDeepgram();
        builder.Services.AddOpenAI();
        builder.Services.AddElevenLabs();
        return builder;
    }

    public static WebApplication UseSimulatorHost(this WebApplication app)
    {
        app.UseMiddleware<FaultMiddleware>();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.UseRouting();

        var ports = app.Services.GetRequiredService<VendorPorts>();
        var control = app.MapPort(ports.Control);
        control.MapControl();
        app.MapTwilio();
        app.MapPort(ports.Freshdesk).MapFreshdesk();
        app.MapPort(ports.Deepgram).MapDeepgram();
        app.MapPort(ports.OpenAI).MapOpenAI();
        app.MapPort(ports.ElevenLabs).MapElevenLabs();
        return app;
    }
}
