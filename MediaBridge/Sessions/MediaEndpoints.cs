using CityMonitor.MediaBridge.Directory;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>The WebSocket that Twilio opens, under the paths of all five source systems, and GET /status.</summary>
static class MediaEndpoints
{
    const string Signature = "X-Twilio-Signature";

    public static void MapMedia(this WebApplication app)
    {
        app.UseWebSockets();
        foreach (var path in (string[])["/media", "/", "/media-stream", "/media-stream/{id}", "/connect_call/{id}"])
        {
            app.Map(path, AcceptAsync);
        }

        app.MapGet("/status", Status);
    }

    static async Task<IResult> AcceptAsync(HttpContext context, LiveStreams live, CallStreams streams)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return TypedResults.Problem("This is the media WebSocket: connect with ws or wss.", statusCode: StatusCodes.Status400BadRequest);
        }

        if (live.Enter() is { } refusal)
        {
            BridgeTelemetry.RefusedStreams.Add(1, BridgeTelemetry.Tag("reason", refusal));
            return TypedResults.Problem(
                refusal switch { "draining" => "This bridge is draining.", "full" => "This bridge has no place left.", _ => "Too many sockets are waiting to start." },
                statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        try
        {
            // Twilio answers no pings of ours in time under load; the frames themselves, 50 a second, are the sign of life.
            using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = TimeSpan.Zero });
            await streams.RunAsync(socket, context.Request.Headers[Signature], context.RequestAborted);
        }
        finally
        {
            live.Leave();
        }

        return TypedResults.Empty;
    }

    // This port is open to the world and has no keys: which calls are live, and how they go, is nobody's business in production.
    static JsonHttpResult<BridgeStatus> Status(LiveStreams live, BridgeId bridge, ServiceStatus service, IHostEnvironment environment) => TypedResults.Json(
        new BridgeStatus(
            service.Service, bridge.Value, live.IsDraining, live.Free, live.Count, environment.IsProduction() ? null : [.. live.All.Select(stream => stream.Status)], service.Vendors, service.Alerts, service.Watched, service.Quotas),
        SessionsJson.Default.BridgeStatus);
}
