using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Tests.Support;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Tests.Status;

public sealed class ServiceTests : TelephonyTest
{
    [Fact]
    public async Task The_front_page_says_what_this_is_and_a_POST_there_is_told_where_to_go()
    {
        var page = await Telephony.Http.GetFromJsonAsync<JsonObject>("/");
        Assert.Contains("TelephonyApi", page!["service"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.NotNull(page["endpoints"]!["POST /twilio/incoming"]);
        using var post = await Telephony.Http.PostAsync("/", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Contains("/twilio/incoming", await post.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_readiness_and_the_apis_description_are_there()
    {
        foreach (var path in (string[])["/health", "/ready", "/openapi/v1.json"])
        {
            using var response = await Telephony.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Status_shows_calls_with_masked_numbers_and_says_that_it_is_open()
    {
        await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        await Telephony.OneAsync<CallPlaced>();
        await Telephony.AddBridgeAsync("b", 5);
        var status = await Telephony.Http.GetFromJsonAsync<JsonObject>("/status");
        var call = Assert.Single(status!["activeCalls"]!.AsArray())!;
        Assert.Equal(("fd-1.1", "High"), (call["call"]!.GetValue<string>(), call["priority"]!.GetValue<string>()));
        Assert.DoesNotContain("2025550123", status.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("Open to everybody", status["note"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Single(status["bridges"]!.AsArray());
    }

    [Fact]
    public async Task With_keys_configured_status_wants_one()
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("duty-officer")));
        await using var guarded = await StartAsync(("ApiKeys:Duty", $"sha256:{hash};role=operator"));
        using var without = await guarded.Http.GetAsync("/status");
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/status") { Headers = { { "X-Api-Key", "duty-officer" } } };
        using var with = await guarded.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
    }

    [Theory]
    [InlineData("""{"freshdesk_webhook":{"ticket_id":4711,"ticket_subject":"Fire"}}""")]
    [InlineData("""{"freshdesk_webhook":{"ticket_id":"4711"}}""")]
    [InlineData("""{"ticket_id":4711}""")]
    [InlineData("""{"ticket_id":"#4711"}""")]
    [InlineData("""{"ticket":{"id":4711}}""")]
    public async Task A_freshdesk_automation_touches_its_ticket(string body)
    {
        using var response = await FreshdeskAsync(body, "the-automation's-key");
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(4711, (await Telephony.OneAsync<TicketTouched>()).TicketId);
    }

    [Theory]
    [InlineData("""{"ticket_id":"abc"}""", "the-automation's-key", 400)]
    [InlineData("""{"ticket_id":-1}""", "the-automation's-key", 400)]
    [InlineData("""[1]""", "the-automation's-key", 400)]
    [InlineData("""not json""", "the-automation's-key", 400)]
    [InlineData("", "the-automation's-key", 400)]
    [InlineData("""{"ticket_id":4711}""", "a-guess", 401)]
    [InlineData("""{"ticket_id":4711}""", "", 401)]
    public async Task A_wrong_key_or_body_is_refused_with_a_problem(string body, string key, int status)
    {
        using var response = await FreshdeskAsync(body, key);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Empty(await Telephony.PublishedAsync<TicketTouched>());
    }

    [Theory]
    [InlineData("Twilio:PhoneNumber", "12025550100", "Twilio:PhoneNumber")]
    [InlineData("Twilio:AccountSid", "AC1", "Twilio:AccountSid")]
    [InlineData("Twilio:CallsPerSecond", "0", "Twilio:CallsPerSecond")]
    [InlineData("Twilio:WhatsAppTemplateSid", "nonsense", "Twilio:WhatsAppTemplateSid")]
    [InlineData("PublicUrls:Telephony", "calls.example.org", "PublicUrls:Telephony")]
    [InlineData("PublicUrls:Telephony", "", "PublicUrls:Telephony")]
    [InlineData("Capacity:MaxConcurrentCalls", "0", "Capacity:MaxConcurrentCalls")]
    [InlineData("Dialling:CreateTimeout", "00:01:00", "CreateTimeout < ReconcileAfter")]
    [InlineData("Evidence:AllowedHosts:0", "https://x/", "Evidence:AllowedHosts")]
    public async Task A_wrong_setting_stops_the_start_with_a_sentence_that_names_it(string key, string value, string named)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync((key, value)));
        var text = error is OptionsValidationException invalid ? string.Join(' ', invalid.Failures) : error.Message;
        Assert.Contains(named, text, StringComparison.Ordinal);
        Assert.Contains("example", text, StringComparison.Ordinal);
    }

    Task<HttpResponseMessage> FreshdeskAsync(string body, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/freshdesk/ticket") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-City-Monitor-Key", key);
        return Telephony.Http.SendAsync(request);
    }
}
