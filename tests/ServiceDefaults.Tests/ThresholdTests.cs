using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class ThresholdTests : IDisposable
{
    readonly MovableClock _clock = new();
    readonly Alerts _alerts;
    readonly Host _host = new();
    readonly Meter _meter;
    readonly Histogram<double> _requests;
    readonly List<IDisposable> _owned = [];

    public ThresholdTests()
    {
        _alerts = new Alerts(_clock, NullLogger<Alerts>.Instance);
        _meter = new Meter(new MeterOptions("Tests.Requests") { Scope = _host });
        _requests = _meter.CreateHistogram<double>("http.server.request.duration", "s");
    }

    public void Dispose()
    {
        _owned.ForEach(one => one.Dispose());
        _meter.Dispose();
        _alerts.Dispose();
    }

    ServiceWatch Watch(Func<TimeSpan>? cpu = null, AlertOptions? options = null)
    {
        var watch = new ServiceWatch(_alerts, options ?? new AlertOptions(), _host, _clock, cpu ?? (() => TimeSpan.Zero));
        _owned.Add(watch);
        return watch;
    }

    void Answers(int count, double seconds, int status)
    {
        for (var i = 0; i < count; i++)
        {
            _requests.Record(seconds, new KeyValuePair<string, object?>("http.response.status_code", status));
        }
    }

    string[] Active => [.. _alerts.Active.Select(alert => alert.Name)];

    [Fact]
    public void Slow_answers_are_an_alert_when_more_than_a_twentieth_takes_longer_than_two_seconds()
    {
        using var others = new Meter(new MeterOptions("Tests.Requests") { Scope = new Host() });
        var watch = Watch();
        Answers(95, 0.1, 200);
        Answers(5, 2.5, 200);
        others.CreateHistogram<double>("http.server.request.duration", "s").Record(2.5, new KeyValuePair<string, object?>("http.response.status_code", 200));
        watch.Look();
        Assert.Empty(Active);
        Answers(1, 2.5, 200);
        watch.Look();
        Assert.Equal(["latency.http"], Active);
        Assert.Contains("2000 ms", _alerts.Active[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_are_an_alert_above_five_percent_that_stays_until_they_are_well_below_and_then_ends()
    {
        var watch = Watch();
        Answers(90, 0.1, 200);
        Answers(10, 0.1, 500);
        watch.Look();
        Assert.Equal(["errors.http"], Active);

        Answers(120, 0.1, 200); // 4.5 %: below the limit, not well below
        watch.Look();
        Assert.Equal(["errors.http"], Active);

        Answers(100, 0.1, 200); // 3.1 %
        watch.Look();
        Assert.Empty(Active);
    }

    [Fact]
    public void A_few_errors_in_a_quiet_hour_prove_nothing_and_old_ones_are_forgotten()
    {
        var watch = Watch();
        Answers(19, 3, 500);
        watch.Look();
        Assert.Empty(Active);
        Answers(1, 3, 500);
        watch.Look();
        Assert.Equal(["errors.http", "latency.http"], Active.Order());
        _clock.Move(TimeSpan.FromMinutes(5.2));
        watch.Look();
        Assert.Empty(Active);
    }

    [Fact]
    public void Sockets_that_last_and_mistakes_of_callers_count_neither_as_slow_nor_as_errors()
    {
        var watch = Watch();
        Answers(50, 600, 101);
        Answers(50, 0.1, 404);
        Answers(50, 0.1, 401);
        watch.Look();
        Assert.Empty(Active);
    }

    [Fact]
    public void A_processor_above_75_percent_for_a_minute_is_an_alert_and_a_short_burst_is_none()
    {
        var used = TimeSpan.Zero;
        var watch = Watch(() => used);
        void Spend(double seconds, double share)
        {
            for (var spent = 0.0; spent < seconds; spent += 5)
            {
                _clock.Move(TimeSpan.FromSeconds(5));
                used += TimeSpan.FromSeconds(5 * share * Environment.ProcessorCount);
                watch.Look();
            }
        }

        watch.Look();
        Spend(30, 1);
        Assert.Empty(Active); // nothing is known of a whole minute yet
        Spend(60, 0.2);
        Assert.Empty(Active);
        Spend(90, 0.9);
        Assert.Equal(["cpu"], Active);
        Assert.Contains("90", _alerts.Active[0].Text, StringComparison.Ordinal);
        Spend(60, 0.7); // below the limit, not well below
        Assert.Equal(["cpu"], Active);
        Spend(90, 0.3);
        Assert.Empty(Active);
    }

    [Fact]
    public async Task A_vendor_that_fails_and_is_slow_is_named()
    {
        var watch = Watch(options: new AlertOptions { LatencyMs = 1, MinimumRequests = 5 });
        await using var vendor = await LocalVendor.StartAsync((_, context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.Delay(10);
        });
        await using var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddSingleton(_alerts)
            .AddVendorClient<Client>("WatchedVendor", (_, http) => http.BaseAddress = vendor.Url, VendorLimits.Default with { Retries = 0 }).Services.BuildServiceProvider();
        for (var i = 0; i < 6; i++)
        {
            using var response = await services.GetRequiredService<Client>().Http.GetAsync("", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        }

        watch.Look();
        Assert.Contains("errors.watchedvendor", Active);
        Assert.Contains("latency.watchedvendor", Active);
        var status = JsonSerializer.SerializeToElement(new ServiceStatus("Test", "Development", _clock.GetUtcNow(), []) { Source = _alerts, Watch = watch }, HealthJson.Default.ServiceStatus);
        var shown = Assert.Single(status.GetProperty("watched").EnumerateArray(), one => one.GetProperty("name").GetString() == "errors.watchedvendor");
        Assert.Equal((1, 0.05, true), (shown.GetProperty("value").GetDouble(), shown.GetProperty("limit").GetDouble(), shown.GetProperty("raised").GetBoolean()));
    }

    [Theory]
    [InlineData("LatencyMs", "0", "Alerts:LatencyMs")]
    [InlineData("ErrorsAbove", "1.5", "Alerts:ErrorsAbove")]
    [InlineData("CpuAbove", "0", "Alerts:CpuAbove")]
    [InlineData("MinimumRequests", "0", "Alerts:MinimumRequests")]
    [InlineData("Window", "02:00:00", "Alerts:Window")]
    public async Task A_wrong_threshold_stops_the_start(string key, string value, string named)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => ServiceTests.Service.StartAsync(builder => builder.Configuration[$"Alerts:{key}"] = value));
        Assert.Contains(named, error.ToString(), StringComparison.Ordinal);
        Assert.Contains("for example", error.ToString(), StringComparison.Ordinal);
    }

    sealed record Client(HttpClient Http);

    /// <summary>Whose meter it is: of several hosts in one process each watches itself.</summary>
    sealed class Host : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}

/// <summary>A clock that stands until it is moved.</summary>
sealed class MovableClock : TimeProvider
{
    DateTimeOffset _now = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Move(TimeSpan by) => _now += by;
}
