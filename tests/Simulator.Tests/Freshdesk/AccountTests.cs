using System.Net;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Tests.Freshdesk;

public sealed class AccountTests
{
    [Fact]
    public async Task Notes_are_private_unless_told_and_come_back_page_by_page()
    {
        await using var simulator = await RunningSimulator.StartAsync();
        using var freshdesk = new FreshdeskClient(simulator.Ports.Freshdesk);
        var id = await freshdesk.CreateAsync();
        for (var i = 1; i <= 31; i++)
        {
            using var added = await freshdesk.PostAsync($"/tickets/{id}/notes", $$"""{"body":"<p>Note {{i}}</p>","private":{{(i == 2 ? "false" : "true")}}}""");
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
            Assert.Empty((await FreshdeskClient.Read(added))["notified_to"]!.AsArray());
        }

        using var first = await freshdesk.GetAsync($"/tickets/{id}/conversations");
        var notes = (await FreshdeskClient.Read(first)).AsArray();
        Assert.Equal(30, notes.Count);
        Assert.Equal((true, false), ((bool)notes[0]!["private"]!, (bool)notes[1]!["private"]!));
        Assert.Equal("Note 1", (string?)notes[0]!["body_text"]);
        Assert.Contains("page=2", first.Headers.GetValues("Link").Single(), StringComparison.Ordinal);
        Assert.Single((await freshdesk.JsonAsync($"/tickets/{id}/conversations?page=2")).AsArray());
        Assert.Equal(10, (await freshdesk.JsonAsync($"/tickets/{id}?include=conversations"))["conversations"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_form_the_agent_and_the_contacts_can_be_read()
    {
        await using var simulator = await RunningSimulator.StartAsync(("Simulator:Freshdesk:ExtraFields:0", "cf_district"));
        using var freshdesk = new FreshdeskClient(simulator.Ports.Freshdesk);
        var id = await freshdesk.CreateAsync(""","custom_fields":{"cf_district":"Docks"}""");
        var fields = (await freshdesk.JsonAsync("/ticket_fields")).AsArray();
        Assert.Contains(fields, f => (string?)f!["name"] == "cf_district");
        Assert.Equal("Open", (string?)fields.Single(f => (string?)f!["name"] == "status")!["choices"]!["2"]![0]);
        Assert.Equal("City Monitor", (string?)(await freshdesk.JsonAsync("/agents/me"))["contact"]!["name"]);
        Assert.Single((await freshdesk.JsonAsync("/contacts?email=camera%40example.com")).AsArray());
        Assert.Equal("Docks", (string?)(await freshdesk.JsonAsync($"/tickets/{id}"))["custom_fields"]!["cf_district"]);
    }

    [Fact]
    public async Task Over_the_limit_requests_get_429_with_retry_after_and_every_answer_shows_what_is_left()
    {
        await using var simulator = await RunningSimulator.StartAsync(
            services => services.AddSingleton<TimeProvider>(new SteppedClock(DateTimeOffset.UnixEpoch.AddSeconds(20))),
            ("Simulator:Freshdesk:RequestsPerMinute", "8"), ("Simulator:Freshdesk:ListsPerMinute", "4"));
        using var freshdesk = new FreshdeskClient(simulator.Ports.Freshdesk);
        using var list = await freshdesk.GetAsync("/tickets?include=description");
        Assert.Equal("3", list.Headers.GetValues("X-Ratelimit-Used-CurrentRequest").Single());
        Assert.Equal("5", list.Headers.GetValues("X-Ratelimit-Remaining").Single());
        using var again = await freshdesk.GetAsync("/tickets?include=description");
        Assert.Equal(HttpStatusCode.TooManyRequests, again.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(40), again.Headers.RetryAfter!.Delta);
        using var other = await freshdesk.GetAsync("/agents/me");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public async Task A_fault_on_the_board_fails_requests_and_ends_by_itself(int status)
    {
        await using var simulator = await RunningSimulator.StartAsync();
        using var freshdesk = new FreshdeskClient(simulator.Ports.Freshdesk);
        simulator.Get<FaultBoard>().Set(FaultTarget.Freshdesk, new Fault { Status = status, RetryAfter = 2, Next = 1 });
        Assert.Equal(status, (int)(await freshdesk.GetAsync("/tickets")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await freshdesk.GetAsync("/tickets")).StatusCode);
    }

    [Fact]
    public async Task The_automation_posts_the_ticket_id_with_its_secret_and_repeats_until_it_is_taken()
    {
        var deliveries = System.Threading.Channels.Channel.CreateUnbounded<(string? Key, JsonNode Body)>();
        var answers = new Queue<int>([503, 204, 204]);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var receiver = builder.Build();
        receiver.Urls.Add("http://127.0.0.1:0");
        receiver.MapPost("/hook", async (HttpContext context) =>
        {
            var body = await JsonNode.ParseAsync(context.Request.Body);
            await deliveries.Writer.WriteAsync((context.Request.Headers["X-City-Monitor-Key"], body!));
            return Results.StatusCode(answers.Dequeue());
        });
        await receiver.StartAsync();
        await using var simulator = await RunningSimulator.StartAsync(
            ("Simulator:Freshdesk:WebhookUrl", $"{receiver.Urls.First()}/hook"), ("Simulator:Freshdesk:WebhookSecret", "hush"),
            ("Simulator:Freshdesk:WebhookRetries:0", "00:00:00.050"));
        using var freshdesk = new FreshdeskClient(simulator.Ports.Freshdesk);
        var id = await freshdesk.CreateAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        for (var delivery = 0; delivery < 2; delivery++)
        {
            var (key, body) = await deliveries.Reader.ReadAsync(patience.Token);
            Assert.Equal("hush", key);
            Assert.Equal(id, (long)body["freshdesk_webhook"]!["ticket_id"]!);
        }

        using var updated = await freshdesk.PutAsync($"/tickets/{id}", """{"status":3}""");
        var change = await deliveries.Reader.ReadAsync(patience.Token);
        Assert.Equal("Pending", (string?)change.Body["freshdesk_webhook"]!["ticket_status"]);
    }

    [Fact]
    public async Task Sample_incidents_come_with_custom_fields_or_six_subject_lines_and_pictures_that_load()
    {
        await using var simulator = await RunningSimulator.StartAsync();
        var samples = simulator.Get<IncidentSamples>();
        var ticket = samples.WithCustomFields(new() { ResponderPhone = "+12025550123" });
        Assert.Equal("+12025550123", ticket.CustomFields["cf_responder_phone"].GetString());
        using var http = new HttpClient();
        foreach (var url in ticket.CustomFields["cf_evidence_urls"].GetString()!.Split('\n'))
        {
            var picture = await http.GetByteArrayAsync(url);
            Assert.Equal([0xFF, 0xD8, 0xFF], picture[..3]);
        }

        var png = await http.GetByteArrayAsync($"http://127.0.0.1:{simulator.Ports.Freshdesk}/evidence/x.png");
        Assert.Equal("PNG"u8.ToArray(), png[1..4]);
        var lines = samples.WithSubjectLines(new() { ResponderPhone = "+12025550123" }).Subject.Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.Equal(("3. Phone: 12025550123", "4. Confidence Score: 95%"), (lines[2], lines[3]));
        Assert.Matches("^5\\. Image URL: \"http://.*\\.jpg\"$", lines[4]);
    }

    [Fact]
    public async Task A_bad_setting_stops_the_start_and_is_named()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => RunningSimulator.StartAsync(("Simulator:Freshdesk:RequestsPerMinute", "0")));
        Assert.Contains("Simulator:Freshdesk:RequestsPerMinute must be 1 to 100000", error.Message, StringComparison.Ordinal);
    }
}
