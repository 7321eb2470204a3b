using System.Net;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Tests.Freshdesk;

/// <summary>What Freshdesk does not take, and in which words it says so.</summary>
public sealed class RefusalTests(PlainSimulator shared) : IClassFixture<PlainSimulator>, IDisposable
{
    readonly RunningSimulator simulator = shared.Running;
    readonly FreshdeskClient freshdesk = new(shared.Running.Ports.Freshdesk);

    public void Dispose() => freshdesk.Dispose();

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task A_wrong_key_is_refused_in_freshdesks_words(string key)
    {
        using var stranger = new FreshdeskClient(simulator.Ports.Freshdesk, key);
        using var answer = await stranger.GetAsync("/tickets");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("invalid_credentials", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]);
    }

    [Theory]
    [InlineData("""{"status":"3"}""", "status", "datatype_mismatch")]
    [InlineData("""{"status":9}""", "status", "invalid_value")]
    [InlineData("""{"priority":0}""", "priority", "invalid_value")]
    [InlineData("""{"colour":"red"}""", "colour", "invalid_field")]
    [InlineData("""{"custom_fields":{"cf_unknown":"x"}}""", "cf_unknown", "invalid_field")]
    [InlineData("""{"custom_fields":{"cf_eta_minutes":"ten"}}""", "cf_eta_minutes", "datatype_mismatch")]
    [InlineData("""{"custom_fields":{"cf_review_on":"2026-03-01T10:00:00Z"}}""", "cf_review_on", "invalid_date")]
    [InlineData("""{"custom_fields":{"cf_severity":"Huge"}}""", "cf_severity", "invalid_value")]
    [InlineData("""{"custom_fields":[]}""", "custom_fields", "datatype_mismatch")]
    public async Task A_bad_update_is_refused_with_the_field_and_changes_nothing(string body, string field, string code)
    {
        var id = await freshdesk.CreateAsync();
        using var answer = await freshdesk.PutAsync($"/tickets/{id}", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal((field, code), await FreshdeskClient.ErrorOf(answer));
        Assert.Equal(2, (int)(await freshdesk.JsonAsync($"/tickets/{id}"))["status"]!);
    }

    [Theory]
    [InlineData("{\"status\":")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Broken_json_is_named_as_such(string body)
    {
        var id = await freshdesk.CreateAsync();
        using var answer = await freshdesk.PutAsync($"/tickets/{id}", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("invalid_json", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ticket_without_requester_subject_or_description_is_refused_for_all_three()
    {
        using var answer = await freshdesk.PostAsync("/tickets", "{}");
        var errors = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]!.AsArray();
        Assert.Equal(["requester_id", "subject", "description"], errors.Select(e => (string)e!["field"]!));
    }

    [Fact]
    public async Task A_body_that_is_not_json_is_415_and_a_wish_for_xml_406()
    {
        using var xml = new HttpRequestMessage(HttpMethod.Post, "/api/v2/tickets") { Content = new StringContent("<a/>", null, "text/xml") };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await freshdesk.SendAsync(xml)).StatusCode);
        using var wish = new HttpRequestMessage(HttpMethod.Get, "/api/v2/tickets") { Headers = { { "Accept", "application/xml" } } };
        Assert.Equal(HttpStatusCode.NotAcceptable, (await freshdesk.SendAsync(wish)).StatusCode);
    }

    [Fact]
    public async Task A_form_can_create_a_ticket_with_arrays_and_custom_fields()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("Fire"), "subject" }, { new StringContent("Smoke over the depot"), "description" },
            { new StringContent("camera@example.com"), "email" }, { new StringContent("3"), "priority" },
            { new StringContent("a"), "tags[]" }, { new StringContent("b"), "tags[]" }, { new StringContent("North"), "custom_fields[cf_zone]" },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v2/tickets") { Content = form };
        var ticket = await FreshdeskClient.Read(await freshdesk.SendAsync(request));
        Assert.Equal(3, (int)ticket["priority"]!);
        Assert.Equal(2, ticket["tags"]!.AsArray().Count);
        Assert.Equal("North", (string?)ticket["custom_fields"]!["cf_zone"]);
    }

    [Theory]
    [InlineData("per_page=101", "per_page")]
    [InlineData("page=0", "page")]
    [InlineData("page=301", "page")]
    [InlineData("order_by=subject", "order_by")]
    [InlineData("status=2", "status")]
    [InlineData("filter=mine", "filter")]
    [InlineData("updated_since=yesterday", "updated_since")]
    [InlineData("include=conversations", "include")]
    public async Task A_bad_query_is_refused_with_its_field(string query, string field)
    {
        using var answer = await freshdesk.GetAsync($"/tickets?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(field, (await FreshdeskClient.ErrorOf(answer)).Field);
    }

    [Theory]
    [InlineData("status:2")]
    [InlineData("\"subject:'x'\"")]
    [InlineData("\"status:\"")]
    [InlineData("\"(status:2\"")]
    [InlineData("\"created_at:>'soon'\"")]
    public async Task A_bad_search_is_refused(string query)
    {
        using var answer = await freshdesk.GetAsync($"/search/tickets?query={Uri.EscapeDataString(query)}");
        Assert.Equal("query", (await FreshdeskClient.ErrorOf(answer)).Field);
    }

    [Theory]
    [InlineData("{}", "body")]
    [InlineData("""{"body":""}""", "body")]
    [InlineData("""{"body":"x","private":"yes"}""", "private")]
    [InlineData("""{"body":"x","status":3}""", "status")]
    public async Task A_bad_note_is_refused_with_its_field(string body, string field)
    {
        using var answer = await freshdesk.PostAsync($"/tickets/{await freshdesk.CreateAsync()}/notes", body);
        Assert.Equal(field, (await FreshdeskClient.ErrorOf(answer)).Field);
    }
}
