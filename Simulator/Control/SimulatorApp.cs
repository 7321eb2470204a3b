using CityMonitor.Simulator.Twilio;

namespace CityMonitor.Simulator.Control;

/// <summary>The whole simulator: what every vendor adds, in one place. Tests build it on ports of their own.</summary>
static class SimulatorApp
{
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // Settings, scenarios and the page lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);
        builder.AddSimulatorHost();
        builder.AddTwilio();

        var app = builder.Build();
        app.UseSimulatorHost();
        app.MapTwilio();
        return app;
    }
}
