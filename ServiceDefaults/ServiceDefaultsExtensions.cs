using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.ServiceDefaults;

/// <summary>What every service has. A Program.cs is: AddCityMonitor, the service's features, UseCityMonitor, its endpoints, run.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Configuration aliases, logging, telemetry, messaging over ConnectionStrings:redis, health, time and drain defaults.</summary>
    /// <param name="service">The service's name as telemetry and the other services know it, for example TelephonyApi.</param>
    public static IHostApplicationBuilder AddCityMonitor(this IHostApplicationBuilder builder, string service) => throw new NotSupportedException(service);

    /// <summary>Server span names, problem+json for errors, GET /health (liveness), GET /ready (each dependency named).</summary>
    public static WebApplication UseCityMonitor(this WebApplication app) => throw new NotSupportedException();

    /// <summary>Binds section <paramref name="section"/> and validates at start; a failure names the key, the rule and an example.</summary>
    public static IServiceCollection AddCheckedOptions<TOptions>(this IServiceCollection services, string section) where TOptions : class, ICheckedOptions => throw new NotSupportedException(section);

    /// <summary>A named readiness check; false or an exception makes /ready answer 503 with the name and the detail.</summary>
    public static IServiceCollection AddReadiness(this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task<bool>> check) => throw new NotSupportedException(name);

    /// <summary>
    /// A typed HttpClient for a vendor with its resilience pipeline: total timeout, retry with jitter that honours Retry-After
    /// (idempotent requests only), circuit breaker, attempt timeout; one span and one metric per request.
    /// </summary>
    public static IHttpClientBuilder AddVendorClient<TClient>(this IServiceCollection services, string vendor, Action<IServiceProvider, HttpClient> configure, VendorLimits? limits = null)
        where TClient : class => throw new NotSupportedException(vendor);
}

/// <param name="Attempt">Longest time of one attempt; default 10 s.</param>
/// <param name="Total">Longest time of all attempts; default 30 s.</param>
/// <param name="Retries">Attempts after the first one, for idempotent methods only (GET, PUT, DELETE, HEAD) and for 429 on any; default 3.</param>
public sealed record VendorLimits(TimeSpan Attempt, TimeSpan Total, int Retries)
{
    public static readonly VendorLimits Default = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), 3);
}

/// <summary>Options that check themselves. Each problem is one sentence with the key, the rule and an example.</summary>
public interface ICheckedOptions
{
    IEnumerable<string> Problems();
}
