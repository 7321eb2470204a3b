using CityMonitor.Simulator.Faults;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Speech to text: <c>wss /v1/listen?model=nova-3&amp;encoding=mulaw&amp;sample_rate=8000&amp;interim_results=true</c>.</summary>
static class ListenApi
{
    public static void MapListen(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/listen", ListenAsync);

    static Task<IResult> ListenAsync(HttpContext context, DeepgramSockets sockets, IOptions<DeepgramOptions> options, Timeline timeline, TimeProvider clock)
    {
        var problem = ListenQuery.Read(context.Request.Query, out var query);
        return sockets.ServeAsync(
            context, FaultTarget.DeepgramListen, options.Value.MaxListenSockets, problem, DeepgramSockets.Broken,
            (socket, id, cancellation) => new ListenSession(socket, id, query!, options.Value, timeline, clock).RunAsync(cancellation));
    }
}
