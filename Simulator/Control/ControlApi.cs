using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Twilio;

namespace CityMonitor.Simulator.Control;

/// <summary>Everything on the control port: the page, and the API that the page, the tests and the demo use.</summary>
static class ControlApi
{
    public static WebApplicationBuilder AddControl(this WebApplicationBuilder builder)
    {
        var number = builder.Configuration.GetSection("Simulator").Get<NumberSettings>() ?? new NumberSettings();
        if (number.Problem() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        builder.Services.AddSingleton(number);
        builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ControlJson.Default));
        return builder;
    }

    public static IEndpointRouteBuilder MapControl(this IEndpointRouteBuilder control)
    {
        control.MapFaults();
        control.MapTimeline();
        control.MapPhones();
        control.MapCallsControl();
        control.MapInbound();
        control.MapMessagesControl();
        control.MapTickets();
        control.MapSettings();
        control.MapPage();
        return control;
    }
}
