using System.Text;

namespace CityMonitor.Simulator.Twilio;

/// <summary>HTTP Basic with the account's sid (or an API key, SK...) and its token; the path must name the same account.</summary>
sealed class TwilioAuth(TwilioSettings settings) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers["Twilio-Concurrent-Requests"] = "1";
        http.Response.Headers["Twilio-Request-Id"] = Sid.New("RQ");
        if (!IsAuthentic(http.Request.Headers.Authorization.ToString()))
        {
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"Twilio API\"";
            return TwilioError.Authenticate.ToResult();
        }

        return http.GetRouteValue("account") is string account && account != settings.AccountSid
            ? TwilioError.NotFound(http.Request.Path).ToResult()
            : await next(context);
    }

    bool IsAuthentic(string header)
    {
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var buffer = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[6..].Trim(), buffer, out var length))
        {
            return false;
        }

        var parts = Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2);
        return parts.Length == 2 && parts[1] == settings.AuthToken
            && (parts[0] == settings.AccountSid || (parts[0].StartsWith("SK", StringComparison.Ordinal) && parts[0].Length == 34));
    }
}
