using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.ServiceDefaults;

sealed record ReadinessCheck(string Name, Func<IServiceProvider, CancellationToken, Task<bool>> Check);

sealed record CheckResult(string Name, bool Ready, string? Detail, double Milliseconds);

sealed record ReadinessReport(string Service, bool Ready, IReadOnlyList<CheckResult> Checks, IReadOnlyList<VendorMode> Vendors);

/// <summary>What a service is and who serves its vendors; also what GET /status answers where the service has no /status of its own.</summary>
public sealed record ServiceStatus(string Service, string Environment, DateTimeOffset StartedAt, IReadOnlyList<VendorMode> Vendors)
{
    internal Alerts? Source { get; init; }

    internal ServiceWatch? Watch { get; init; }

    internal QuotaLedger? Ledger { get; init; }

    public IReadOnlyList<Alert> Alerts => Source?.Active ?? [];

    /// <summary>What is watched for alerts, and how it stands.</summary>
    public IReadOnlyList<Watched> Watched => Watch?.Now ?? [];

    /// <summary>What is used of the vendors' quotas, over all replicas.</summary>
    public IReadOnlyList<QuotaUse> Quotas => Ledger?.Now ?? [];
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReadinessReport))]
[JsonSerializable(typeof(ServiceStatus))]
[JsonSerializable(typeof(Liveness))]
sealed partial class HealthJson : JsonSerializerContext;

sealed record Liveness(string Status, string Service);

static partial class HealthEndpoints
{
    // A dependency that does not answer in this time is as good as gone for whoever asks.
    static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(3);

    /// <summary>GET /health: the process serves requests, nothing more. GET /ready: every dependency by name. GET /status, unless the service has its own.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", (ServiceStatus status) => TypedResults.Json(new Liveness("healthy", status.Service), HealthJson.Default.Liveness)).WithOrder(LateOrder);
        routes.MapMetrics().WithOrder(LateOrder);
        routes.MapGet("/ready", ReadyAsync).WithOrder(LateOrder);
        routes.MapGet("/status", (ServiceStatus status) => TypedResults.Json(status, HealthJson.Default.ServiceStatus)).WithOrder(LateOrder);
    }

    // Later than a service's own endpoint of the same path, which therefore wins without being ambiguous.
    const int LateOrder = 1000;

    static async Task<JsonHttpResult<ReadinessReport>> ReadyAsync(
        IEnumerable<ReadinessCheck> checks, IServiceProvider services, ServiceStatus status, TimeProvider clock, CancellationToken ct)
    {
        var results = await Task.WhenAll(checks.Select(check => RunAsync(check, services, clock, ct)));
        var report = new ReadinessReport(status.Service, Array.TrueForAll(results, result => result.Ready), results, status.Vendors);
        return TypedResults.Json(report, HealthJson.Default.ReadinessReport, statusCode: report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    static async Task<CheckResult> RunAsync(ReadinessCheck check, IServiceProvider services, TimeProvider clock, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        string? detail = null;
        var ready = false;
        try
        {
            ready = await check.Check(services, ct).WaitAsync(CheckTimeout, clock, ct);
            detail = ready ? null : "not ready";
        }
        catch (TimeoutException)
        {
            detail = $"no answer within {CheckTimeout.TotalSeconds:0} s";
        }
        catch (Exception error) when (error is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // Readiness reports what is wrong; it never fails itself. Anybody may ask, and an error's text can name hosts: in production it stays in the log.
            LogFailed(services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(HealthEndpoints)), check.Name, error.Message);
            detail = services.GetRequiredService<IHostEnvironment>().IsProduction() ? "failed" : error.Message;
        }

        return new CheckResult(check.Name, ready, detail, Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1));
    }

    [LoggerMessage(103, LogLevel.Warning, "Not ready: {Check} failed: {Reason}")]
    static partial void LogFailed(ILogger log, string check, string reason);
}
