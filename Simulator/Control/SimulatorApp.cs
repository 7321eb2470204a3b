namespace CityMonitor.Simulator.Control;

/// <summary>The whole simulator, ready to run. Tests build it on ports of their own.</summary>
static class SimulatorApp
{
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        // Settings, scenarios and the page lie beside the program, wherever it is started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);
        builder.AddSimulatorHost();

        var app = builder.Build();
        app.UseSimulatorHost();
        return app;
    }
}
