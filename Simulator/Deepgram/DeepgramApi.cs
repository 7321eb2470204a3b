using CityMonitor.Simulator.Minds;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Deepgram as City Monitor uses it: listen, speak, and the Voice Agent.</summary>
static class DeepgramApi
{
    public static IServiceCollection AddDeepgram(this IServiceCollection services)
    {
        services.AddOptions<DeepgramOptions>().BindConfiguration(DeepgramOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeepgramOptions>, DeepgramOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<DeepgramSockets>();
        return services;
    }

    public static IEndpointRouteBuilder MapDeepgram(this IEndpointRouteBuilder routes)
    {
        // Read at start, so that a mistake in a mind is told then and not in the first call.
        var minds = routes.ServiceProvider.GetRequiredService<MindLibrary>();
        if (routes.ServiceProvider.GetRequiredService<IOptions<DeepgramOptions>>().Value.Mind is { Length: > 0 } mind)
        {
            minds.Named(mind);
        }

        routes.MapSpeak();
        routes.MapAgent();
        routes.MapListen();
        return routes;
    }
}
