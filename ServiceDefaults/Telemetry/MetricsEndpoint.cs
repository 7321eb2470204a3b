using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>Section Metrics.</summary>
sealed class MetricsOptions : ICheckedOptions
{
    const int ShortestKey = 8;

    /// <summary>
    /// What whoever reads GET /metrics must send as Authorization: Bearer. Default none: then everybody may, except in Production, where
    /// nobody may, since two of the services are open to the world.
    /// </summary>
    public string Key { get; set; } = "";

    public IEnumerable<string> Problems()
    {
        if (Key.Length is > 0 and < ShortestKey)
        {
            yield return $"Metrics:Key must have at least {ShortestKey} characters, for example the output of `openssl rand -hex 16`; it has {Key.Length}.";
        }
    }
}

/// <summary>GET /metrics for Prometheus, where nobody takes OTLP.</summary>
static class MetricsEndpoint
{
    const string Bearer = "Bearer ";

    public static void AddMetricsBook(this IHostApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<MetricsOptions>("Metrics");
        builder.Services.AddSingleton<MetricsBook>();
    }

    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetService<MetricsBook>(); // counts from the start on, not from the first question
        return routes.MapGet("/metrics", Read).DisableHttpMetrics();
    }

    static IResult Read(HttpRequest request, MetricsBook book, IOptions<MetricsOptions> options, IHostEnvironment environment)
    {
        var key = options.Value.Key;
        if (key.Length == 0 && environment.IsProduction())
        {
            return Results.Problem("Set Metrics:Key to read metrics here, or send them over OTLP (OTEL_EXPORTER_OTLP_ENDPOINT).", statusCode: StatusCodes.Status404NotFound, title: "Not here");
        }

        var given = request.Headers.Authorization.ToString();
        return key.Length == 0 || (given.StartsWith(Bearer, StringComparison.Ordinal) && IsSame(given[Bearer.Length..], key))
            ? Results.Text(PrometheusText.Of(book.Read()), PrometheusText.ContentType)
            : Results.Problem("The header Authorization must be Bearer and the key that is configured as Metrics:Key.", statusCode: StatusCodes.Status401Unauthorized, title: "Not authorised");
    }

    static bool IsSame(string one, string other) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(one)), SHA256.HashData(Encoding.UTF8.GetBytes(other)));
}
