using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CityMonitor.ServiceDefaults;

/// <summary>Traces, metrics and logs over OTLP, when OTEL_EXPORTER_OTLP_ENDPOINT says where to. Sources and meters named CityMonitor.* are ours.</summary>
static class TelemetryRegistration
{
    const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this IHostApplicationBuilder builder, string service)
    {
        if (builder.Configuration[EndpointKey] is not { Length: > 0 } endpoint)
        {
            return;
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out _))
        {
            throw new StartupProblemException([$"{EndpointKey} must be an absolute URL, for example http://127.0.0.1:4317; found '{endpoint}'."]);
        }

        // Whoever started us may have named us (Aspire does, and finds its resources by these names): then that is our name.
        var name = builder.Configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } given ? given : service;
        var instance = builder.Configuration["OTEL_RESOURCE_ATTRIBUTES"]?.Contains("service.instance.id", StringComparison.Ordinal) == true
            ? null
            : $"{Environment.MachineName}-{Environment.ProcessId}";

        void Describe(ResourceBuilder resource) => resource
            .AddService(name, "citymonitor", autoGenerateServiceInstanceId: false, serviceInstanceId: instance)
            .AddAttributes([new("deployment.environment.name", builder.Environment.EnvironmentName)])
            .AddEnvironmentVariableDetector();

        builder.Logging.AddOpenTelemetry(logs =>
        {
            var resource = ResourceBuilder.CreateDefault();
            Describe(resource);
            logs.SetResourceBuilder(resource).AddOtlpExporter();
            logs.IncludeScopes = true;
            logs.IncludeFormattedMessage = true;
        });
        builder.Services.AddHostedService(_ => new TelemetryExport(builder.Configuration, Describe));
    }

    /// <summary>Owns the SDK, so that what is buffered goes out before the process ends.</summary>
    sealed class TelemetryExport(IConfiguration configuration, Action<ResourceBuilder> describe) : IHostedService, IDisposable
    {
        OpenTelemetrySdk? _sdk;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            _sdk = OpenTelemetrySdk.Create(sdk =>
            {
                sdk.Services.AddSingleton(configuration); // the exporter reads OTEL_* from it
                sdk.ConfigureResource(describe)
                    .WithTracing(traces => traces
                        .AddSource("Microsoft.AspNetCore", "System.Net.Http", "CityMonitor.*")
                        .AddOtlpExporter())
                    .WithMetrics(metrics => metrics
                        .AddMeter("Microsoft.AspNetCore.*", "System.Net.Http", "System.Runtime", "CityMonitor.*")
                        .AddOtlpExporter());
            });
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => _sdk?.Dispose();
    }
}
