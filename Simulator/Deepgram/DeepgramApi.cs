using System.Net.WebSockets;
using CityMonitor.Simulator.Deepgram.Minds;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Deepgram as City Monitor uses it: speak over REST, and the Voice Agent.</summary>
static class DeepgramApi
{
    public static IServiceCollection AddDeepgram(this IServiceCollection services)
    {
        services.AddOptions<DeepgramOptions>().BindConfiguration(DeepgramOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeepgramOptions>, DeepgramOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new MindLibrary(provider.GetRequiredService<IHostEnvironment>()));
        services.AddSingleton<AgentSessions>();
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
        routes.MapGet("/v1/agent/converse", (HttpContext context, AgentSessions sessions) => sessions.ServeAsync(context));
        return routes;
    }
}

/// <summary>Lets Voice Agent clients in and counts them.</summary>
sealed class AgentSessions(
    MindLibrary minds, IOptions<DeepgramOptions> options, VendorSockets sockets, Timeline timeline, TimeProvider clock)
{
    int open;

    public int Open => Volatile.Read(ref open);

    public async Task<IResult> ServeAsync(HttpContext context)
    {
        var id = DeepgramAuth.NewRequestId(context);
        if (!DeepgramAuth.Allows(context.Request, options.Value.ApiKey))
        {
            return DeepgramAuth.Refuse(context, 401, "INVALID_AUTH", "Invalid credentials.", id);
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            return DeepgramAuth.Refuse(context, 400, "Bad Request", "This endpoint takes WebSocket connections only.", id);
        }

        try
        {
            return Interlocked.Increment(ref open) > options.Value.MaxAgentSessions
                ? DeepgramAuth.Refuse(context, 429, "TOO_MANY_REQUESTS", "Too many concurrent agent sessions.", id)
                : await ConverseAsync(context, id);
        }
        finally
        {
            Interlocked.Decrement(ref open);
        }
    }

    async Task<IResult> ConverseAsync(HttpContext context, string id)
    {
        var failure = new SocketFailure(
            AgentMessages.Error("INTERNAL_SERVER_ERROR", "Something went wrong in the simulated agent."), WebSocketCloseStatus.InternalServerError, "INTERNAL_SERVER_ERROR");
        await sockets.ServeAsync(
            context, FaultTarget.DeepgramAgent, "token", failure,
            (socket, cancellation) => new AgentSession(socket, id, options.Value, minds, timeline, clock).RunAsync(cancellation));
        timeline.Add("agent.closed", id);
        return Results.Empty;
    }
}
