using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class MetricsTests : IDisposable
{
    readonly Meter _meter = new($"CityMonitor.Tests.{Guid.NewGuid():N}");
    readonly MetricsBook _book = new(NullLogger<MetricsBook>.Instance);

    public void Dispose()
    {
        _book.Dispose();
        _meter.Dispose();
    }

    /// <summary>The lines about this test's own metric.</summary>
    string[] Lines(string name) => [.. PrometheusText.Of(_book.Read()).Split('\n').Where(line => line.Contains(name, StringComparison.Ordinal))];

    [Fact]
    public void Counters_gauges_and_histograms_are_told_in_prometheus_text_format()
    {
        var calls = _meter.CreateCounter<long>("t1.calls", "{call}", "Calls\nby outcome, \"quoted\" \\ and all.");
        calls.Add(2, new KeyValuePair<string, object?>("outcome", "ok"));
        calls.Add(1, new("outcome", "line\nbreak \"quote\" \\"), new("http.status", 200));
        calls.Add(3, new KeyValuePair<string, object?>("outcome", "ok"));
        var live = _meter.CreateUpDownCounter<int>("t1.live");
        live.Add(5);
        live.Add(-2);
        _meter.CreateObservableGauge("t1.used", () => 0.25, "1", "Share.");
        var took = _meter.CreateHistogram<double>("t1.took", "s", "Time.");
        took.Record(0.004);
        took.Record(0.3);
        took.Record(0.5);
        took.Record(60);

        Assert.Equal(
            [
                """# HELP t1_calls_total Calls\nby outcome, "quoted" \\ and all.""",
                "# TYPE t1_calls_total counter",
                """t1_calls_total{outcome="ok"} 5""",
                """t1_calls_total{outcome="line\nbreak \"quote\" \\",http_status="200"} 1""",
            ], Lines("t1_calls"));
        Assert.Equal(["# HELP t1_live ", "# TYPE t1_live gauge", "t1_live 3"], Lines("t1_live"));
        Assert.Equal("t1_used_ratio 0.25", Lines("t1_used")[^1]);
        var histogram = Lines("t1_took");
        Assert.Equal("# TYPE t1_took_seconds histogram", histogram[1]);
        Assert.Contains("""t1_took_seconds_bucket{le="0.005"} 1""", histogram);
        Assert.Contains("""t1_took_seconds_bucket{le="0.25"} 1""", histogram);
        Assert.Contains("""t1_took_seconds_bucket{le="0.5"} 3""", histogram);
        Assert.Contains("""t1_took_seconds_bucket{le="10"} 3""", histogram);
        Assert.Contains("""t1_took_seconds_bucket{le="+Inf"} 4""", histogram);
        Assert.Contains("t1_took_seconds_sum 60.804", histogram);
        Assert.Contains("t1_took_seconds_count 4", histogram);
    }

    [Fact]
    public void What_is_not_observed_any_more_is_not_told_and_one_that_throws_hides_no_other()
    {
        var on = true;
        _meter.CreateObservableGauge("t2.there", () => on ? [new Measurement<int>(1, new KeyValuePair<string, object?>("alert", "x"))] : Array.Empty<Measurement<int>>());
        _meter.CreateObservableGauge("t2.broken", new Func<int>(() => throw new InvalidOperationException("no value")));
        _meter.CreateObservableCounter("t2.total", () => 7L);
        Assert.Equal("""t2_there{alert="x"} 1""", Lines("t2_there")[^1]);
        on = false;
        Assert.Empty(Lines("t2_there"));
        Assert.Equal("t2_total 7", Lines("t2_total")[^1]);
        Assert.Equal("t2_total 7", Lines("t2_total")[^1]);
    }

    [Fact]
    public void Endless_tags_fill_no_memory()
    {
        var counter = _meter.CreateCounter<long>("t3.endless");
        for (var i = 0; i < 3000; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        Assert.Equal(1002, Lines("t3_endless").Length);
    }

    [Theory]
    [InlineData("Development", "", null, HttpStatusCode.OK)]
    [InlineData("Production", "", null, HttpStatusCode.NotFound)]
    [InlineData("Production", "the-scraper's-key", null, HttpStatusCode.Unauthorized)]
    [InlineData("Production", "the-scraper's-key", "another-key", HttpStatusCode.Unauthorized)]
    [InlineData("Production", "the-scraper's-key", "the-scraper's-key", HttpStatusCode.OK)]
    public async Task Metrics_are_open_in_trials_and_need_a_key_in_production(string environment, string key, string? given, HttpStatusCode answer)
    {
        await using var service = await ServiceTests.Service.StartAsync(builder => builder.Configuration["Metrics:Key"] = key, environment: environment);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Authorization = given is null ? null : new AuthenticationHeaderValue("Bearer", given) } };
        using var response = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(answer, response.StatusCode);
        if (answer == HttpStatusCode.OK)
        {
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
            Assert.Contains("# TYPE dotnet_process_cpu_time_seconds_total counter", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }
}
