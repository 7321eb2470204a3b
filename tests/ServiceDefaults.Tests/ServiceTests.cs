using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class ServiceTests
{
    [Fact]
    public async Task Health_says_that_the_process_lives_even_when_a_dependency_does_not()
    {
        await using var service = await Service.StartAsync(builder => builder.Services.AddReadiness("database", (_, _) => throw new InvalidOperationException("no route")));

        var health = await service.Client.GetFromJsonAsync<JsonElement>("/health");

        Assert.Equal("healthy", health.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Ready_names_every_dependency_and_is_503_when_one_fails()
    {
        await using var service = await Service.StartAsync(builder => builder.Services
            .AddReadiness("good", (_, _) => Task.FromResult(true))
            .AddReadiness("refusing", (_, _) => Task.FromResult(false))
            .AddReadiness("throwing", (_, _) => throw new InvalidOperationException("no route")));

        using var response = await service.Client.GetAsync("/ready");
        var report = await response.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(
            [("good", true, null), ("refusing", false, "not ready"), ("throwing", false, "no route")],
            report.GetProperty("checks").EnumerateArray().Select(check =>
                (check.GetProperty("name").GetString(), check.GetProperty("ready").GetBoolean(), check.TryGetProperty("detail", out var detail) ? detail.GetString() : null)));
    }

    [Fact]
    public async Task Ready_in_production_tells_strangers_no_error_and_the_log_all_of_it()
    {
        await using var service = await Service.StartAsync(
            builder => builder.Services.AddReadiness("throwing", (_, _) => throw new InvalidOperationException("no route to 192.0.2.7:6379")), environment: "Production");

        using var response = await service.Client.GetAsync("/ready");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.DoesNotContain("192.0.2.7", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains(service.Lines, line => line.Contains("no route to 192.0.2.7:6379", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ready_does_not_wait_for_a_dependency_that_hangs()
    {
        await using var service = await Service.StartAsync(builder => builder.Services.AddReadiness("hanging", async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return true;
        }));
        var watch = Stopwatch.StartNew();

        using var response = await service.Client.GetAsync("/ready");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("no answer within", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Ready_and_status_say_which_vendors_are_simulated()
    {
        await using var service = await Service.StartAsync(builder => builder.AddVendor(Vendor.Freshdesk));

        foreach (var path in new[] { "/ready", "/status" })
        {
            var answer = await service.Client.GetFromJsonAsync<JsonElement>(path);
            var vendor = Assert.Single(answer.GetProperty("vendors").EnumerateArray());
            Assert.Equal(("Freshdesk", true), (vendor.GetProperty("vendor").GetString(), vendor.GetProperty("simulated").GetBoolean()));
        }

        Assert.Contains(service.Lines, line => line.Contains("Freshdesk SIMULATED", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_may_have_a_status_page_of_its_own()
    {
        await using var service = await Service.StartAsync(_ => { }, app => app.MapGet("/status", () => "mine"));

        Assert.Equal("mine", await service.Client.GetStringAsync("/status"));
    }

    [Fact]
    public async Task Errors_are_problem_json()
    {
        await using var service = await Service.StartAsync(_ => { }, app => app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail")));

        foreach (var (path, status) in new[] { ("/broken", HttpStatusCode.InternalServerError), ("/nothing", HttpStatusCode.NotFound) })
        {
            using var response = await service.Client.GetAsync(path);
            Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            Assert.DoesNotContain("secret detail", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413()
    {
        await using var service = await Service.StartAsync(_ => { }, app => app.MapPost("/take", async (HttpRequest request) => (await new StreamReader(request.Body).ReadToEndAsync()).Length));

        using var content = new StringContent(new string('x', 2 * 1024 * 1024));
        using var response = await service.Client.PostAsync("/take", content);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_server_span_has_its_route_and_status()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var service = await Service.StartAsync(_ => { }, app => app.MapGet("/span-of/{id}", string (string id) => throw new InvalidOperationException()));

        (await service.Client.GetAsync("/span-of/7")).Dispose();
        await CityMonitor.Tests.Shared.Eventually.TrueAsync(() => spans.ToArray().Any(span => span.DisplayName == "GET /span-of/{id}"), "the span ends");

        var span = spans.Single(span => span.DisplayName == "GET /span-of/{id}");
        Assert.Equal(("/span-of/{id}", 500, ActivityStatusCode.Error), (span.GetTagItem("http.route"), span.GetTagItem("http.response.status_code"), span.Status));
    }

    [Theory]
    [InlineData("Sample:Every", "soon", "Sample:Every must be a time as hours:minutes:seconds, for example 00:00:30; found 'soon'.")]
    [InlineData("Sample:Count", "many", "Sample:Count must be a whole number, for example 30; found 'many'.")]
    [InlineData("Sample:Count", "-1", "Sample:Count must be 0 or more, for example 3; found '-1'.")]
    [InlineData("Drain:Timeout", "00:00:00", "Drain:Timeout must be from 00:00:01 to 01:00:00, for example 00:00:30; found '00:00:00'.")]
    public async Task An_invalid_option_stops_the_start_with_key_rule_and_example(string key, string value, string message)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Service.StartAsync(builder =>
        {
            builder.Configuration[key] = value;
            builder.Services.AddCheckedOptions<SampleOptions>("Sample");
        }));

        Assert.Equal(message, Assert.Single(error.Failures));
    }

    [Fact]
    public void Without_a_redis_the_start_stops_and_says_how_to_give_one()
    {
        var error = Assert.Throws<StartupProblemException>(() => WebApplication.CreateBuilder().AddCityMonitor("MediaBridge"));

        Assert.Contains("ConnectionStrings__redis=127.0.0.1:6379", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_redis_connection_string_stops_the_start_and_keeps_the_password_to_itself()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["ConnectionStrings:redis"] = "127.0.0.1:6379,password=hunter2,cluster=yes";

        var error = Assert.Throws<StartupProblemException>(() => builder.AddCityMonitor("MediaBridge"));

        Assert.StartsWith("ConnectionStrings:redis must be", Assert.Single(error.Problems), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_telemetry_endpoint_stops_the_start()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = "dashboard";

        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT must be", Assert.Throws<StartupProblemException>(() => builder.AddBasics("MediaBridge")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_telemetry_endpoint_traces_metrics_and_logs_are_exported()
    {
        var paths = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var collector = await LocalVendor.StartAsync((_, context, _) =>
        {
            paths.Add(context.Request.Path);
            return Task.CompletedTask;
        });
        await using (var service = await Service.StartAsync(builder =>
        {
            builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.ToString();
            builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }, addBasicsLast: true))
        {
            (await service.Client.GetAsync("/health")).Dispose();
        }

        Assert.Superset(new HashSet<string> { "/v1/traces", "/v1/metrics", "/v1/logs" }, paths.ToHashSet());
    }

    [Fact]
    public void A_log_line_is_one_line_with_time_level_and_call()
    {
        var scopes = new LoggerExternalScopeProvider();
        using var scope = scopes.Push(new KeyValuePair<string, object?>[] { new("call", CallId.Parse("fd-4711.1")) });
        using var text = new StringWriter();
        var entry = new LogEntry<string>(LogLevel.Warning, "CityMonitor.TelephonyApi.Dialling", 1, "Said: yes\n00:00:00.000 INF forged", new InvalidOperationException("boom\nboom"), (state, _) => state);

        new LineFormatter(new FixedTime(new DateTimeOffset(2026, 3, 1, 9, 41, 7, 118, TimeSpan.Zero))).Write(entry, scopes, text);

        Assert.Equal("09:41:07.118 WRN [fd-4711.1] Dialling: Said: yes / 00:00:00.000 INF forged | System.InvalidOperationException: boom / boom", text.ToString().TrimEnd('\n'));
        Assert.Single(text.ToString().TrimEnd('\n').Split('\n'));
    }

    sealed class SampleOptions : ICheckedOptions
    {
        public TimeSpan Every { get; set; }
        public int Count { get; set; }

        public IEnumerable<string> Problems()
        {
            if (Count < 0)
            {
                yield return $"Sample:Count must be 0 or more, for example 3; found '{Count}'.";
            }
        }
    }

    sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    internal sealed class Service(WebApplication app, Service.Capture capture) : IAsyncDisposable
    {
        public HttpClient Client { get; } = new() { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        public IEnumerable<string> Lines => capture.Lines;

        public static async Task<Service> StartAsync(Action<WebApplicationBuilder> configure, Action<WebApplication>? map = null, bool addBasicsLast = false, string environment = "Development")
        {
            var capture = new Capture();
            var builder = WebApplication.CreateBuilder(["--environment", environment, "--urls", "http://127.0.0.1:0"]);
            if (addBasicsLast)
            {
                configure(builder);
            }

            builder.AddBasics("MediaBridge");
            if (!addBasicsLast)
            {
                configure(builder);
            }

            builder.Logging.AddProvider(capture);
            var app = builder.Build();
            app.UseCityMonitor();
            map?.Invoke(app);
            await app.StartAsync();
            return new Service(app, capture);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await app.StopAsync();
            await app.DisposeAsync();
        }

        internal sealed class Capture : ILoggerProvider, ILogger
        {
            public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();
            public ILogger CreateLogger(string categoryName) => this;
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
            public bool IsEnabled(LogLevel logLevel) => true;
            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
            public void Dispose()
            {
            }
        }
    }
}
