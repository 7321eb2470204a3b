using System.Net;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Freshdesk;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Freshdesk;

public sealed class TicketApiTests : IAsyncLifetime
{
    readonly SteppedClock clock = new(DateTimeOffset.Parse("2026-03-01T09:15:00.400Z", System.Globalization.CultureInfo.InvariantCulture));
    RunningSimulator simulator = null!;
    FreshdeskClient freshdesk = null!;

    public async ValueTask InitializeAsync()
    {
        simulator = await RunningSimulator.StartAsync(services => services.AddSingleton<TimeProvider>(clock));
        freshdesk = new(simulator.Ports.Freshdesk);
    }

    public async ValueTask DisposeAsync()
    {
        freshdesk.Dispose();
        await simulator.DisposeAsync();
    }

    [Fact]
    public async Task A_created_ticket_has_a_location_whole_seconds_and_every_field_blank_ones_as_null()
    {
        using var created = await freshdesk.PostAsync("/tickets", """
            {"subject":"Smoke","description":"<p>Thick &amp; black</p><p>Two cars</p>","email":"camera@example.com","priority":4,"status":2,
             "tags":["camera"],"custom_fields":{"cf_responder_phone":"+12025550123","cf_confidence":0.95}}
            """);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var ticket = await FreshdeskClient.Read(created);
        Assert.EndsWith($"/api/v2/tickets/{ticket["id"]}", created.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.Equal("latest=v2; requested=v2", created.Headers.GetValues("X-Freshdesk-Api-Version").Single());
        Assert.Equal("2026-03-01T09:15:00Z", (string?)ticket["updated_at"]);
        Assert.Equal("Thick & black\nTwo cars", (string?)ticket["description_text"]);
        Assert.Equal("+12025550123", (string?)ticket["custom_fields"]!["cf_responder_phone"]);
        Assert.True(ticket["custom_fields"]!.AsObject().ContainsKey("cf_zone"));
        Assert.Null(ticket["custom_fields"]!["cf_zone"]);
        Assert.True(ticket.AsObject().ContainsKey("responder_id"));
    }

    [Fact]
    public async Task Every_write_moves_updated_at_and_a_status_change_its_stats()
    {
        var id = await freshdesk.CreateAsync();
        clock.Step(TimeSpan.FromMinutes(1));
        using (await freshdesk.PutAsync($"/tickets/{id}", """{"status":4}"""))
        {
            var resolved = await freshdesk.JsonAsync($"/tickets/{id}?include=stats");
            Assert.Equal("2026-03-01T09:16:00Z", (string?)resolved["updated_at"]);
            Assert.Equal("2026-03-01T09:16:00Z", (string?)resolved["stats"]!["resolved_at"]);
        }

        clock.Step(TimeSpan.FromMinutes(1));
        using (await freshdesk.PostAsync($"/tickets/{id}/notes", """{"body":"<b>Called</b>"}"""))
        {
            Assert.Equal("2026-03-01T09:17:00Z", (string?)(await freshdesk.JsonAsync($"/tickets/{id}"))["updated_at"]);
        }
    }

    [Fact]
    public async Task A_deleted_ticket_cannot_be_updated_until_it_is_restored()
    {
        var id = await freshdesk.CreateAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await freshdesk.DeleteAsync($"/tickets/{id}")).StatusCode);
        Assert.Empty((await freshdesk.JsonAsync("/tickets")).AsArray());
        Assert.Single((await freshdesk.JsonAsync("/tickets?filter=deleted")).AsArray());
        var refused = await freshdesk.PutAsync($"/tickets/{id}", """{"status":3}""");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        Assert.Contains("GET", refused.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.NoContent, (await freshdesk.PutAsync($"/tickets/{id}/restore", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await freshdesk.PutAsync($"/tickets/{id}", """{"status":3}""")).StatusCode);
    }

    [Fact]
    public async Task A_ticket_marked_as_spam_by_a_person_is_hidden_and_cannot_be_updated()
    {
        var id = await freshdesk.CreateAsync();
        simulator.Get<TicketStore>().Update(id, t => t with { Spam = true });
        Assert.Empty((await freshdesk.JsonAsync("/tickets")).AsArray());
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await freshdesk.PutAsync($"/tickets/{id}", """{"status":3}""")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await freshdesk.PostAsync($"/tickets/{id}/notes", """{"body":"x"}""")).StatusCode);
    }

    [Fact]
    public async Task An_unknown_ticket_is_404_with_an_empty_body_and_a_wrong_verb_405()
    {
        var missing = await freshdesk.GetAsync("/tickets/424242");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("", await missing.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await freshdesk.PutAsync("/tickets/424242", """{"status":3}""")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await freshdesk.PostAsync("/tickets/424242/notes", """{"body":"x"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await freshdesk.DeleteAsync("/tickets")).StatusCode);
    }

    [Fact]
    public async Task Closing_wants_the_fields_that_the_account_requires()
    {
        await using var strict = await RunningSimulator.StartAsync(("Simulator:Freshdesk:RequiredForClosure:0", "cf_outcome"));
        using var client = new FreshdeskClient(strict.Ports.Freshdesk);
        var id = await client.CreateAsync();
        using var refused = await client.PutAsync($"/tickets/{id}", """{"status":5}""");
        Assert.Equal(("cf_outcome", "missing_field"), await FreshdeskClient.ErrorOf(refused));
        using var closed = await client.PutAsync($"/tickets/{id}", """{"status":5,"custom_fields":{"cf_outcome":"Cleared"}}""");
        Assert.Equal(HttpStatusCode.OK, closed.StatusCode);
    }
}
