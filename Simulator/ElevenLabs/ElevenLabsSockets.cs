using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Sockets;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>Accepts ElevenLabs' sockets, as many as there may be.</summary>
sealed class ElevenLabsSockets(VendorSockets sockets, IOptions<ElevenLabsOptions> options)
{
    readonly ConcurrentDictionary<string, int> open = new();

    /// <param name="failure">What it says when something breaks on its side.</param>
    public async Task<IResult> ServeAsync(
        HttpContext context, string target, JsonObject failure, Func<VendorSocket, string, CancellationToken, Task> session)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return ElevenLabsAccount.Refuse(400, "invalid_request", "This endpoint takes WebSocket connections only.");
        }

        try
        {
            var count = open.AddOrUpdate(target, 1, (_, before) => before + 1);
            var id = Guid.NewGuid().ToString("N");
            context.Response.Headers["request-id"] = id;
            context.Response.Headers["current-concurrent-requests"] = $"{count}";
            context.Response.Headers["maximum-concurrent-requests"] = $"{options.Value.MaxConcurrent}";
            return count > options.Value.MaxConcurrent
                ? ElevenLabsAccount.Refuse(429, "too_many_concurrent_requests", "Too many concurrent requests. Your current subscription is associated with a maximum number of concurrent requests.")
                : await sockets.ServeAsync(
                    context, target, null, new SocketFailure(Encoding.UTF8.GetBytes(failure.ToJsonString()), WebSocketCloseStatus.InternalServerError, "Internal error"),
                    (socket, cancellation) => session(socket, id, cancellation));
        }
        finally
        {
            open.AddOrUpdate(target, 0, (_, before) => before - 1);
        }
    }
}
