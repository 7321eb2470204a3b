using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace CityMonitor.ServiceDefaults;

/// <summary>
/// Counts every request that was answered with a refusal, by reason. What Kestrel refuses before there is a request (headers too slow, too
/// large or malformed) is in its own metric kestrel.connection.duration, by error.type.
/// </summary>
static class RefusedRequests
{
    public const string MeterName = "CityMonitor.ServiceDefaults";

    static readonly Meter meter = new(MeterName);

    static readonly Counter<long> refused = meter.CreateCounter<long>("citymonitor.http.refused_requests", "{request}", "Requests answered with a refusal, by reason.");

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        finally
        {
            if (ReasonOf(context.Response.StatusCode) is { } reason)
            {
                refused.Add(1, new KeyValuePair<string, object?>("reason", reason));
            }
        }
    }

    /// <summary>404 and 405 are left out: they are mistakes more often than attacks, and http.server.request.duration counts them.</summary>
    static string? ReasonOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "malformed",
        StatusCodes.Status401Unauthorized => "key",
        StatusCodes.Status403Forbidden => "forbidden",
        StatusCodes.Status408RequestTimeout => "too-slow",
        StatusCodes.Status413PayloadTooLarge => "too-large",
        StatusCodes.Status415UnsupportedMediaType => "media-type",
        StatusCodes.Status429TooManyRequests => "rate",
        StatusCodes.Status431RequestHeaderFieldsTooLarge => "headers-too-large",
        _ => null,
    };
}
