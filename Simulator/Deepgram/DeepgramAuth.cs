using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Who may use the simulated Deepgram, and the header that every answer carries.</summary>
static class DeepgramAuth
{
    /// <summary><c>Authorization: Token key</c>, <c>Bearer key</c>, or the subprotocols <c>token, key</c> of a browser.</summary>
    public static bool Allows(HttpRequest request, string key)
    {
        var given = AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
            && (header.Scheme.Equals("token", StringComparison.OrdinalIgnoreCase) || header.Scheme.Equals("bearer", StringComparison.OrdinalIgnoreCase))
                ? header.Parameter
                : request.HttpContext.WebSockets.WebSocketRequestedProtocols is ["token", var second] ? second : null;
        return given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(key));
    }

    /// <summary>Gives the request its id and shows it as <c>dg-request-id</c>.</summary>
    public static string NewRequestId(HttpContext context)
    {
        var id = Guid.NewGuid().ToString();
        context.Response.Headers["dg-request-id"] = id;
        return id;
    }

    /// <summary>Sample: <c>{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.","request_id":"..."}</c>, the text as <c>dg-error</c> too.</summary>
    public static IResult Refuse(HttpContext context, int status, string code, string message, string requestId)
    {
        context.Response.Headers["dg-error"] = message;
        return Results.Text(
            new System.Text.Json.Nodes.JsonObject { ["err_code"] = code, ["err_msg"] = message, ["request_id"] = requestId }.ToJsonString(),
            "application/json", statusCode: status);
    }
}
