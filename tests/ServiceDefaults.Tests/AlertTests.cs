using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class AlertTests : IDisposable
{
    readonly Clock _clock = new();
    readonly ConcurrentQueue<string> _log = new();
    readonly Alerts _alerts;

    public AlertTests() => _alerts = new Alerts(_clock, new Lines(_log));

    public void Dispose() => _alerts.Dispose();

    [Fact]
    public void An_alert_lasts_until_it_is_taken_back_and_is_one_line_in_the_log_at_each_end()
    {
        _alerts.Raise("capacity", "9 of 10 calls");
        _clock.Now += TimeSpan.FromHours(1);
        _alerts.Raise("capacity", "10 of 10 calls");

        Assert.Equal(new Alert("capacity", "10 of 10 calls", Clock.Start), Assert.Single(_alerts.Active));
        Assert.Equal(1, Gauge("capacity"));

        _alerts.TakeBack("capacity");
        _alerts.TakeBack("capacity");
        _alerts.TakeBack("never-raised");

        Assert.Empty(_alerts.Active);
        Assert.Equal(0, Gauge("capacity"));
        Assert.Equal(["Alert capacity: 9 of 10 calls", "Alert capacity is over"], _log);
    }

    [Fact]
    public void An_alert_that_is_held_ends_by_itself_when_nothing_renews_it()
    {
        _alerts.Raise("quota.twilio", "429", TimeSpan.FromMinutes(1));
        _clock.Now += TimeSpan.FromSeconds(50);
        _alerts.Raise("quota.twilio", "429", TimeSpan.FromMinutes(1));
        _clock.Now += TimeSpan.FromSeconds(50);
        Assert.Single(_alerts.Active);

        _clock.Now += TimeSpan.FromSeconds(11);
        Assert.Empty(_alerts.Active);
        Assert.Equal(0, Gauge("quota.twilio"));
        Assert.Single(_log);
    }

    [Fact]
    public async Task A_vendor_that_says_our_quota_is_reached_is_an_alert_also_where_a_retry_saves_the_request()
    {
        await using var vendor = await LocalVendor.StartAsync((_, context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "0";
            return Task.CompletedTask;
        });
        await using var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System)
            .AddSingleton(_alerts).AddVendorClient<Client>("Twilio", (_, http) => http.BaseAddress = vendor.Url).Services.BuildServiceProvider();

        using var response = await services.GetRequiredService<Client>().Http.GetAsync("");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("quota.twilio", Assert.Single(_alerts.Active).Name);
        Assert.Contains("quota or rate limit", Assert.Single(_log), StringComparison.Ordinal);
        Assert.Equal(1, Gauge("quota.twilio"));
    }

    [Fact]
    public void Status_shows_the_alerts_that_last()
    {
        var status = new ServiceStatus("Test", "Development", Clock.Start, []) { Source = _alerts };
        _alerts.Raise("capacity", "9 of 10 calls");

        var shown = JsonSerializer.SerializeToElement(status, HealthJson.Default.ServiceStatus).GetProperty("alerts");

        Assert.Equal("capacity", Assert.Single(shown.EnumerateArray()).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("Production", "http://calls.example.org/city?key=secret", true)]
    [InlineData("Production", "ws://calls.example.org", true)]
    [InlineData("Production", "https://calls.example.org", false)]
    [InlineData("Development", "http://127.0.0.1:5000", false)]
    public void In_production_a_public_url_that_is_not_encrypted_stops_the_start(string environment, string url, bool stops)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Configuration["PublicUrls:Telephony"] = url;

        var error = Record.Exception(() => builder.RequireEncrypted("PublicUrls:Telephony", "https://calls.example.org"));

        Assert.Equal(stops, error is StartupProblemException);
        if (error is not null)
        {
            Assert.Contains("PublicUrls:Telephony must be encrypted", error.Message, StringComparison.Ordinal);
            Assert.Contains("for example https://calls.example.org", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>This test's own gauge: others of the same name may be alive beside it.</summary>
    int Gauge(string alert)
    {
        var value = -1;
        using var listener = new MeterListener { InstrumentPublished = (instrument, listening) => { if (instrument.Meter.Name == Alerts.MeterName) { listening.EnableMeasurementEvents(instrument); } } };
        listener.SetMeasurementEventCallback<int>((instrument, measured, tags, _) =>
        {
            if (_alerts.Owns(instrument) && tags[0].Value is string name && name == alert)
            {
                value = measured;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return value;
    }

    sealed record Client(HttpClient Http);

    sealed class Clock : TimeProvider
    {
        public static readonly DateTimeOffset Start = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

        public DateTimeOffset Now { get; set; } = Start;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    sealed class Lines(ConcurrentQueue<string> lines) : ILogger<Alerts>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue(formatter(state, exception));
    }
}
