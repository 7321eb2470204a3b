using System.Net.WebSockets;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Sockets;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// Speech to text: <c>wss /v1/listen?model=nova-3&amp;encoding=mulaw&amp;sample_rate=8000&amp;interim_results=true</c>, and Flux at
/// <c>wss /v2/listen?model=flux-general-en&amp;encoding=mulaw&amp;sample_rate=8000&amp;eager_eot_threshold=0.5</c>.
/// </summary>
static class ListenApi
{
    static readonly SocketFailure Broken = new(
        """{"type":"Error","request_id":"","sequence_id":0,"code":"INTERNAL_SERVER_ERROR","description":"An internal error occurred."}"""u8.ToArray(),
        WebSocketCloseStatus.InternalServerError, "INTERNAL_SERVER_ERROR");

    public static void MapListen(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/listen", ListenAsync);
        routes.MapGet("/v2/listen", ListenToTurnsAsync);
    }

    static Task<IResult> ListenToTurnsAsync(HttpContext context, DeepgramSockets sockets, IOptions<DeepgramOptions> options, Timeline timeline, TimeProvider clock)
    {
        var problem = FluxQuery.Read(context.Request.Query, out var query);
        return sockets.ServeAsync(
            context, FaultTarget.DeepgramListen, options.Value.MaxListenSockets, problem, Broken,
            (socket, id, cancellation) => new FluxSession(socket, id, query!, options.Value, timeline, clock).RunAsync(cancellation));
    }

    static Task<IResult> ListenAsync(HttpContext context, DeepgramSockets sockets, IOptions<DeepgramOptions> options, Timeline timeline, TimeProvider clock)
    {
        var problem = ListenQuery.Read(context.Request.Query, out var query);
        return sockets.ServeAsync(
            context, FaultTarget.DeepgramListen, options.Value.MaxListenSockets, problem, DeepgramSockets.Broken,
            (socket, id, cancellation) => new ListenSession(socket, id, query!, options.Value, timeline, clock).RunAsync(cancellation));
    }
}
