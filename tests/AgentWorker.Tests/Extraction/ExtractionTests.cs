using System.Diagnostics;
using System.Net;
using System.Text.Json;
using CityMonitor.AgentWorker.Extraction;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Tests.Extraction;

public sealed class ExtractionTests : IAsyncLifetime
{
    const string Text = "Fire at Pier 9. Please call +1 (202) 555-0123 or the desk 202 555 0177. Photo https://evidence.example/1.jpg";

    ModelServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ModelServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    static string Json(string? phone = "+12025550123", string? type = "Fire", string? address = "Pier 9", object? confidence = null, string[]? urls = null) =>
        JsonSerializer.Serialize(new { phone_number = phone, incident_type = type, address, confidence_score = confidence, image_urls = urls ?? [] });

    TicketExtractor Extractor(Action<OpenAiOptions>? change = null, Alerts? alerts = null)
    {
        var options = new OpenAiOptions { AttemptTimeout = TimeSpan.FromSeconds(2), TotalTimeout = TimeSpan.FromSeconds(10) };
        change?.Invoke(options);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("OpenAI:ApiKey", "test"), new("OpenAI:BaseUrl", _server.Url)]).Build();
        var environment = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Development" }).Environment;
        var endpoint = new ModelEndpoint(VendorEndpoint.Resolve(configuration, environment, Vendor.OpenAI));
        return new TicketExtractor(endpoint, Options.Create(options), TimeProvider.System, NullLogger<TicketExtractor>.Instance, alerts);
    }

    Task<Messaging.Contracts.IncidentFields?> ExtractAsync(Action<OpenAiOptions>? change = null) =>
        Extractor(change).ExtractAsync(Responding.Ticket(phone: null, rawText: Text), TestContext.Current.CancellationToken);

    [Fact]
    public async Task The_model_is_asked_with_a_strict_schema_and_the_ticket_as_quoted_text()
    {
        _server.Answer = (http, _) => ModelServer.Says(http, Json(confidence: 0.8, urls: ["https://evidence.example/1.jpg"]));
        var fields = await ExtractAsync();

        Assert.Equal(("Fire", "Pier 9", "+12025550123", 0.8), (fields!.Type, fields.Address, fields.ResponderPhone!.Value.Value, fields.Confidence));
        Assert.Equal("https://evidence.example/1.jpg", Assert.Single(fields.EvidenceUrls));
        var request = Assert.Single(_server.Requests);
        Assert.True(request.GetProperty("response_format").GetProperty("json_schema").GetProperty("strict").GetBoolean());
        Assert.Contains(Text, request.GetProperty("messages")[1].ToString().Replace("\\u002B", "+", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("this is not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"phone_number":12025550123,"incident_type":{},"address":[],"confidence_score":"high","image_urls":"x"}""")]
    public async Task An_answer_that_makes_no_sense_is_no_answer(string content)
    {
        _server.Answer = (http, _) => ModelServer.Says(http, content);

        Assert.Null(await ExtractAsync());
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Extra_keys_are_ignored_and_each_value_is_checked()
    {
        _server.Answer = (http, _) => ModelServer.Says(http,
            """{"phone_number":"+12025550123","incident_type":null,"address":"unknown","confidence_score":7,"image_urls":["file:///etc/passwd","https://elsewhere.example/x.jpg"],"status":"closed"}""");
        var fields = await ExtractAsync();

        Assert.NotNull(fields!.ResponderPhone);
        Assert.Null(fields.Type);
        Assert.Null(fields.Address);
        Assert.Null(fields.Confidence);
        Assert.Empty(fields.EvidenceUrls);
    }

    [Theory]
    [InlineData("+12025550123", true)]
    [InlineData("12025550123", true)]
    [InlineData("+12025550199", false)]
    [InlineData("+12025550177", false)]
    [InlineData("+2025550123", false)]
    [InlineData("+2025550177", false)]
    [InlineData("+120255501232", false)]
    [InlineData("911", false)]
    public async Task A_phone_number_counts_only_when_it_literally_stands_in_the_ticket(string phone, bool counts)
    {
        _server.Answer = (http, _) => ModelServer.Says(http, Json(phone));
        var fields = await ExtractAsync();

        Assert.Equal(counts, fields!.ResponderPhone is not null);
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task A_passing_error_is_tried_again(HttpStatusCode status)
    {
        _server.Answer = (http, n) => n == 0 ? ModelServer.Fails(http, status, "0") : ModelServer.Says(http, Json());

        Assert.NotNull(await ExtractAsync());
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task A_model_whose_quota_is_reached_is_an_alert()
    {
        _server.Answer = (http, _) => ModelServer.Fails(http, HttpStatusCode.TooManyRequests, "0");
        using var alerts = new Alerts(TimeProvider.System, NullLogger<Alerts>.Instance);

        Assert.Null(await Extractor(alerts: alerts).ExtractAsync(Responding.Ticket(phone: null, rawText: Text), TestContext.Current.CancellationToken));

        Assert.Equal("quota.openai", Assert.Single(alerts.Active).Name);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.BadRequest)]
    public async Task A_lasting_error_is_not(HttpStatusCode status)
    {
        _server.Answer = (http, _) => ModelServer.Fails(http, status);

        Assert.Null(await ExtractAsync());
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_silent_model_holds_up_the_incident_for_the_time_allowed_only()
    {
        _server.Answer = (http, _) => Task.Delay(Timeout.Infinite, http.RequestAborted);
        var watch = Stopwatch.StartNew();

        Assert.Null(await ExtractAsync(o => (o.AttemptTimeout, o.TotalTimeout) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(600))));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_body_that_is_no_completion_is_no_answer()
    {
        _server.Answer = (http, _) => http.Response.WriteAsync("<html>gateway</html>");
        Assert.Null(await ExtractAsync(o => o.Retries = 0));
        _server.Answer = (http, _) => http.Response.WriteAsJsonAsync(new { id = "x", @object = "chat.completion", choices = Array.Empty<object>() });
        Assert.Null(await ExtractAsync(o => o.Retries = 0));
        _server.Answer = (http, _) => { http.Abort(); return Task.CompletedTask; };
        Assert.Null(await ExtractAsync(o => o.Retries = 0));
    }

    [Fact]
    public async Task Switched_off_nobody_is_asked()
    {
        Assert.False(Extractor(o => o.Model = OpenAiOptions.Off).Configured);
        Assert.Null(await ExtractAsync(o => o.Model = OpenAiOptions.Off));
        Assert.Empty(_server.Requests);
        Assert.False(new TicketExtractor(new ModelEndpoint(null), Options.Create(new OpenAiOptions()), TimeProvider.System, NullLogger<TicketExtractor>.Instance).Configured);
    }
}
