using CityMonitor.Messaging;
using CityMonitor.Messaging.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>What every service has. A Program.cs is: AddCityMonitor, the service's features, UseCityMonitor, its endpoints, run.</summary>
public static class ServiceDefaultsExtensions
{
    const long MaxRequestBytes = 1024 * 1024; // the largest thing that anybody sends us is a webhook's form
    const string UrlsKey = "urls";

    /// <summary>Configuration aliases, logging, telemetry, messaging over ConnectionStrings:redis, health, time and drain defaults.</summary>
    /// <param name="service">The service's name as telemetry and the other services know it, for example TelephonyApi.</param>
    /// <exception cref="StartupProblemException">The configuration does not allow a start.</exception>
    public static IHostApplicationBuilder AddCityMonitor(this IHostApplicationBuilder builder, string service)
    {
        builder.AddBasics(service);
        AddMessaging(builder, service);
        builder.Services.AddCheckedOptions<QuotaOptions>(QuotaOptions.Section);
        builder.Services.AddSingleton(services => new QuotaLedger(
            services.GetRequiredService<RedisClient>(), services.GetRequiredService<IOptions<QuotaOptions>>(), services.GetServices<VendorMode>(),
            services.GetRequiredService<Alerts>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<QuotaLedger>>()));
        builder.Services.AddHostedService(services => services.GetRequiredService<QuotaLedger>());
        builder.Services.AddReadiness("redis", static async (services, ct) =>
            (await services.GetRequiredService<RedisClient>().SendAsync(["PING"], ct)).Text == "PONG");
        return builder;
    }

    /// <summary>All but the messaging, for services that have none (and for tests of the rest).</summary>
    internal static void AddBasics(this IHostApplicationBuilder builder, string service)
    {
        StartupProblemExit.Register();
        ConfigurationAliases.Apply(builder.Configuration, service);
        DefaultPorts.Apply(builder.Configuration, service);

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console => console.FormatterName = LineFormatter.FormatterName)
            .AddConsoleFormatter<LineFormatter, LineFormatterOptions>();
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.AddTelemetry(service);

        builder.Services.AddProblemDetails();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
            // Whoever dribbles holds a connection no longer than this. Both of our senders, and any proxy, send headers in one piece.
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        });
        builder.Services.AddCheckedOptions<DrainOptions>("Drain");
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<DrainOptions>>((host, drain) => host.ShutdownTimeout = drain.Value.Timeout);
        builder.Services.TryAddSingleton<Alerts>();
        builder.Services.AddCheckedOptions<AlertOptions>(AlertOptions.Section);
        builder.Services.AddSingleton(services => new ServiceWatch(
            services.GetRequiredService<Alerts>(), services.GetRequiredService<IOptions<AlertOptions>>(), services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddHostedService(services => services.GetRequiredService<ServiceWatch>());
        builder.AddMetricsBook();
        builder.Services.AddSingleton(services => new ServiceStatus(
            service, builder.Environment.EnvironmentName, services.GetRequiredService<TimeProvider>().GetUtcNow(), [.. services.GetServices<VendorMode>()]) { Source = services.GetRequiredService<Alerts>(), Watch = services.GetRequiredService<ServiceWatch>(), Ledger = services.GetService<QuotaLedger>() });
        builder.Services.AddHostedService<StartAnnouncement>();
    }

    /// <summary>
    /// Who serves <paramref name="vendor"/>: the vendor where its credentials are configured, else the Simulator (never in Production). The
    /// mode then shows in the start log line, at /status and at /ready.
    /// </summary>
    /// <exception cref="StartupProblemException">Credentials are missing in Production, or half-given anywhere.</exception>
    public static VendorEndpoint AddVendor(this IHostApplicationBuilder builder, Vendor vendor)
    {
        var endpoint = VendorEndpoint.Resolve(builder.Configuration, builder.Environment, vendor);
        builder.Services.AddSingleton(endpoint.Mode);
        builder.Services.AddKeyedSingleton(vendor.Name, endpoint);
        return endpoint;
    }

    /// <summary>In Production a public URL must be an encrypted one: over it come the words of calls, and Twilio streams audio to wss alone.</summary>
    /// <exception cref="StartupProblemException">It is not.</exception>
    public static IHostApplicationBuilder RequireEncrypted(this IHostApplicationBuilder builder, string key, string example) =>
        builder.Environment.IsProduction() && Uri.TryCreate(builder.Configuration[key], UriKind.Absolute, out var url) && url.Scheme is ("http" or "ws")
            ? throw new StartupProblemException([$"{key} must be encrypted (https or wss) in Production, for example {example}; found '{url.GetLeftPart(UriPartial.Path)}'."])
            : builder;

    /// <summary>Server span names, problem+json for errors, GET /health (liveness), GET /ready (each dependency named), GET /status unless the service maps its own.</summary>
    public static WebApplication UseCityMonitor(this WebApplication app)
    {
        app.Use(next => context => RefusedRequests.InvokeAsync(context, next));
        app.Use(next => context => ServerSpanMiddleware.InvokeAsync(context, next));
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = error => error is Microsoft.AspNetCore.Http.BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            SuppressDiagnosticsCallback = static context => context.Exception is Microsoft.AspNetCore.Http.BadHttpRequestException, // the caller's fault, not an error of ours
        });
        app.UseStatusCodePages();
        app.MapHealth();
        return app;
    }

    /// <summary>Binds section <paramref name="section"/> and validates at start; a failure names the key, the rule and an example.</summary>
    public static IServiceCollection AddCheckedOptions<TOptions>(this IServiceCollection services, string section) where TOptions : class, ICheckedOptions
    {
        services.AddOptions<TOptions>().ValidateOnStart();
        services.AddSingleton<IConfigureOptions<TOptions>>(provider => new SectionBinding<TOptions>(provider.GetRequiredService<IConfiguration>(), section));
        services.AddSingleton<IValidateOptions<TOptions>, CheckedOptionsValidation<TOptions>>();
        return services;
    }

    /// <summary>A named readiness check; false or an exception makes /ready answer 503 with the name and the detail.</summary>
    public static IServiceCollection AddReadiness(this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task<bool>> check) =>
        services.AddSingleton(new ReadinessCheck(name, check));

    /// <summary>
    /// A typed HttpClient for a vendor with its resilience pipeline: total timeout, retry with jitter that honours Retry-After
    /// (see <see cref="VendorLimits.Retries"/> for what is repeated), circuit breaker, attempt timeout; one span and one metric per
    /// request. No answer is a <see cref="VendorUnavailableException"/>.
    /// </summary>
    public static IHttpClientBuilder AddVendorClient<TClient>(this IServiceCollection services, string vendor, Action<IServiceProvider, HttpClient> configure, VendorLimits? limits = null)
        where TClient : class
    {
        var name = $"{vendor}.{typeof(TClient).Name}";
        services.TryAddSingleton<Alerts>();
        services.AddKeyedSingleton(name, (provider, _) => new VendorPipeline(vendor, limits ?? VendorLimits.Default, provider.GetRequiredService<TimeProvider>()));
        return services.AddHttpClient<TClient>(name)
            .ConfigureHttpClient((provider, client) =>
            {
                client.Timeout = Timeout.InfiniteTimeSpan; // the pipeline's timeouts are the ones that count
                configure(provider, client);
            })
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.ConnectTimeout = TimeSpan.FromSeconds(5);
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
                handler.AllowAutoRedirect = false; // credentials go where they were configured to go
                handler.AutomaticDecompression = System.Net.DecompressionMethods.All;
            })
            .AddHttpMessageHandler(provider => new VendorHandler(provider.GetRequiredKeyedService<VendorPipeline>(name), provider.GetRequiredService<Alerts>()));
    }

    static void AddMessaging(IHostApplicationBuilder builder, string service)
    {
        try
        {
            builder.Services.AddMessaging(RedisConnection(builder.Configuration), service);
        }
        catch (FormatException error)
        {
            throw new StartupProblemException([$"ConnectionStrings:redis must be host:port[,password=...][,user=...][,ssl=true], for example 127.0.0.1:6379. {error.Message}"]);
        }
    }

    static string RedisConnection(IConfiguration configuration) =>
        configuration.GetConnectionString("redis") is { Length: > 0 } redis
            ? redis
            : throw new StartupProblemException(["ConnectionStrings:redis must be set, for example ConnectionStrings__redis=127.0.0.1:6379 (run.sh starts one and sets it)."]);

    /// <summary>Local ports where nothing else says what to listen on. Only MediaBridge and TelephonyApi are public, and a proxy or tunnel stands before them.</summary>
    static class DefaultPorts
    {
        static readonly Dictionary<string, int> Ports = new(StringComparer.Ordinal)
        {
            ["TelephonyApi"] = 5000, ["MediaBridge"] = 8080, ["OperatorConsole"] = 5080, ["IncidentPoller"] = 5101, ["AgentWorker"] = 5102,
        };

        public static void Apply(IConfigurationManager configuration, string service)
        {
            string[] others = ["http_ports", "https_ports", UrlsKey];
            if (Ports.TryGetValue(service, out var port)
                && Array.TrueForAll(others, key => string.IsNullOrEmpty(configuration[key]))
                && !configuration.GetSection("Kestrel:Endpoints").Exists())
            {
                configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new(UrlsKey, $"http://127.0.0.1:{port}")] });
            }
        }
    }
}

/// <summary>Section Drain.</summary>
sealed class DrainOptions : ICheckedOptions
{
    /// <summary>Longest time between SIGTERM and the end of the process; default 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<string> Problems()
    {
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout > TimeSpan.FromHours(1))
        {
            yield return $"Drain:Timeout must be from 00:00:01 to 01:00:00, for example 00:00:30; found '{Timeout}'.";
        }
    }
}

sealed partial class StartAnnouncement(ServiceStatus status, ILogger<StartAnnouncement> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Starting(status.Service, status.Environment, status.Vendors.Count == 0 ? "none" : string.Join(", ", status.Vendors));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1, LogLevel.Information, "{Service} starts ({Environment}); vendors: {Vendors}")]
    partial void Starting(string service, string environment, string vendors);
}
