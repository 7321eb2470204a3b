using System.Net.WebSockets;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Minds;
using CityMonitor.Simulator.Sockets;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary><c>wss /v1/agent/converse</c>.</summary>
static class AgentApi
{
    static readonly SocketFailure Broken = new(
        AgentMessages.Error("INTERNAL_SERVER_ERROR", "Something went wrong in the simulated agent."), WebSocketCloseStatus.InternalServerError, "INTERNAL_SERVER_ERROR");

    public static void MapAgent(this IEndpointRouteBuilder routes) => routes.MapGet("/v1/agent/converse", ConverseAsync);

    static Task<IResult> ConverseAsync(
        HttpContext context, DeepgramSockets sockets, MindLibrary minds, IOptions<DeepgramOptions> options, Timeline timeline, TimeProvider clock) =>
        sockets.ServeAsync(context, FaultTarget.DeepgramAgent, options.Value.MaxAgentSessions, null, Broken, async (socket, id, cancellation) =>
        {
            await new AgentSession(socket, id, options.Value, minds, timeline, clock).RunAsync(cancellation);
            timeline.Add("agent.closed", id);
        });
}
