using System.Collections.Concurrent;
using System.Net.WebSockets;
using CityMonitor.Simulator.Sockets;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Lets Deepgram's socket clients in: the key, the query, how many there may be; refusals are HTTP answers in its shape.</summary>
sealed class DeepgramSockets(VendorSockets sockets, IOptions<DeepgramOptions> options)
{
    readonly ConcurrentDictionary<string, int> open = new();

    /// <summary>What a v1 socket does when something breaks on its side.</summary>
    public static SocketFailure Broken { get; } = new(null, WebSocketCloseStatus.InternalServerError, "NET-0000: An internal error occurred. See https://dpgr.am/net0000");

    /// <summary>How many sockets of a kind are open.</summary>
    public int Open(string target) => open.GetValueOrDefault(target);

    /// <param name="target">Its faults on the board, and the kind of socket that is counted.</param>
    /// <param name="problem">What is wrong with the query, or null.</param>
    /// <param name="session">Serves a socket with its request id until it is over.</param>
    public async Task<IResult> ServeAsync(
        HttpContext context, string target, int limit, string? problem, SocketFailure failure, Func<VendorSocket, string, CancellationToken, Task> session)
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

        if (problem is not null)
        {
            return DeepgramAuth.Refuse(context, 400, "INVALID_QUERY_PARAMETER", problem, id);
        }

        try
        {
            return open.AddOrUpdate(target, 1, (_, count) => count + 1) > limit
                ? DeepgramAuth.Refuse(context, 429, "TOO_MANY_REQUESTS", "Too many concurrent connections.", id)
                : await sockets.ServeAsync(context, target, "token", failure, (socket, cancellation) => session(socket, id, cancellation));
        }
        finally
        {
            open.AddOrUpdate(target, 0, (_, count) => count - 1);
        }
    }
}
