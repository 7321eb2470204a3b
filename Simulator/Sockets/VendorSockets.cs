using System.Net.WebSockets;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.Simulator.Sockets;

/// <summary>Accepts a vendor's sockets: the board's faults can cut each of them, and the simulator's end ends them.</summary>
sealed class VendorSockets(FaultBoard faults, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    /// <param name="protocol">The subprotocol to echo, when the client offers it.</param>
    /// <param name="session">Serves the socket until it is over.</param>
    public async Task<IResult> ServeAsync(
        HttpContext context, string target, string? protocol, SocketFailure failure, Func<VendorSocket, CancellationToken, Task> session)
    {
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        using var webSocket = await context.WebSockets.AcceptWebSocketAsync(protocol is not null && offered.Contains(protocol) ? protocol : null);
        using var tracked = faults.Track(target, () => Cut(context, webSocket));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await session(new VendorSocket(webSocket, faults, target, failure, clock), ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The client is gone, or the simulator stops.
        }

        return Results.Empty;
    }

    static void Cut(HttpContext context, WebSocket webSocket)
    {
        try
        {
            context.Abort();
        }
        catch (ObjectDisposedException)
        {
            // The session has ended by itself at this very moment: there is nothing left to cut.
        }

        webSocket.Abort();
    }
}
