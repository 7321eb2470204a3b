using System.Globalization;
using System.Net;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Simulator.Tests;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class PollingTests
{
    [Fact]
    public async Task A_new_ticket_is_reported_once_with_all_its_facts()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });

        var reported = Assert.Single(await poller.WaitForAsync<IncidentReported>());
        await poller.TwoMoreLooksAsync();

        Assert.Equal(IncidentId.OfTicket(ticket.Id), reported.Incident);
        Assert.Equal(("+12025550123", "Vehicle collision", 2), (reported.Ticket.Fields.ResponderPhone?.Value, reported.Ticket.Fields.Type, reported.Ticket.Fields.EvidenceUrls.Count));
        Assert.Empty(reported.Ticket.Problems);
        Assert.Single(await poller.MessagesAsync());
        Assert.Equal("incident.reported", Assert.Single(await poller.AuditAsync()).Kind);
    }

    [Fact]
    public async Task The_six_line_subject_is_as_good_as_custom_fields()
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Samples.WithSubjectLines(new CameraIncident { ResponderPhone = "+12025550123" });

        var reported = Assert.Single(await poller.WaitForAsync<IncidentReported>());

        Assert.Equal(("+12025550123", 0.95, 1), (reported.Ticket.Fields.ResponderPhone?.Value, reported.Ticket.Fields.Confidence, reported.Ticket.Fields.EvidenceUrls.Count));
        Assert.Empty(reported.Ticket.Problems);
    }

    [Fact]
    public async Task A_ticket_without_a_phone_is_reported_and_stays_open()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());

        var reported = Assert.Single(await poller.WaitForAsync<IncidentReported>());

        Assert.Equal("responder phone", Assert.Single(reported.Ticket.Problems).Field);
        Assert.Equal(Ticket.Open, poller.Ticket(ticket.Id).Status);
    }

    [Fact]
    public async Task A_change_of_content_is_reported_and_a_change_of_ours_is_not()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        var incident = IncidentId.OfTicket(ticket.Id);
        await poller.WaitForAsync<IncidentReported>();

        await poller.SendAsync(new UpdateTicket("w1", incident, ticket.Id, TicketStatus.Pending, new Dictionary<string, string> { ["cf_outcome"] = "acknowledged" }));
        await poller.SendAsync(new AddTicketNote("w2", incident, ticket.Id, "Accepted."));
        await poller.WaitForAuditAsync("ticket.noted");
        await poller.TwoMoreLooksAsync();
        Assert.Single(await poller.MessagesAsync());

        poller.Tickets.Update(ticket.Id, t => t with { Subject = "Two vehicles now" });
        var changed = Assert.Single(await poller.WaitForAsync<IncidentChanged>());
        Assert.Equal("Two vehicles now", changed.Ticket.Subject);
    }

    [Theory]
    [InlineData("resolved")]
    [InlineData("closed")]
    [InlineData("spam")]
    [InlineData("deleted")]
    public async Task What_others_do_away_with_is_withdrawn_with_the_reason(string reason)
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        poller.Tickets.Update(ticket.Id, t => reason switch
        {
            "resolved" => t with { Status = Ticket.Resolved },
            "closed" => t with { Status = Ticket.Closed },
            "spam" => t with { Spam = true },
            _ => t with { Deleted = true },
        });
        var withdrawn = Assert.Single(await poller.WaitForAsync<IncidentWithdrawn>());
        await poller.TwoMoreLooksAsync();

        Assert.Equal((IncidentId.OfTicket(ticket.Id), reason), (withdrawn.Incident, withdrawn.Reason));
        Assert.Single(await poller.WaitForAsync<IncidentWithdrawn>());
    }

    [Fact]
    public async Task A_pending_ticket_of_ours_is_still_watched_and_others_pending_ones_are_not_ours()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ours = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        poller.Tickets.Update(ours.Id, t => t with { Status = Ticket.Pending });
        poller.Tickets.Create(new Contact(1, "x", null, null), t => t with { Subject = "Not yet", Status = Ticket.Pending });
        poller.Tickets.Create(new Contact(1, "x", null, null), t => t with { Subject = "Waiting", Status = 6 });
        await poller.TwoMoreLooksAsync();

        poller.Tickets.Update(ours.Id, t => t with { Status = Ticket.Closed });

        await poller.WaitForAsync<IncidentWithdrawn>();
        Assert.Single(await poller.WaitForAsync<IncidentReported>());
    }

    [Fact]
    public async Task A_withdrawn_ticket_that_is_opened_again_is_reported_again()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        poller.Tickets.Update(ticket.Id, t => t with { Status = Ticket.Resolved });
        await poller.WaitForAsync<IncidentWithdrawn>();

        poller.Tickets.Update(ticket.Id, t => t with { Status = Ticket.Open });

        await poller.WaitForAsync<IncidentReported>(2);
    }

    [Fact]
    public async Task Of_250_open_tickets_each_is_reported_and_no_odd_one_blocks_the_others()
    {
        await using var poller = await RunningPoller.PrepareAsync();
        for (var i = 0; i < 250; i++)
        {
            var number = i;
            poller.Tickets.Create(new Contact(1, "camera", null, null), t => t with
            {
                Subject = number % 50 == 7 ? "\u0000\u202e<b>{{}}</b> 💥 \\n1) Phone - - ::" : $"Ticket {number}",
                Priority = number % 50 == 9 ? 99 : 1 + number % 4,
                Description = number % 50 == 8 ? string.Concat(Enumerable.Repeat("<div><", 5000)) : "x",
                CustomFields = t.CustomFields.SetItem("cf_confidence", JsonElement.Parse(number % 50 == 5 ? "{\"a\":[1]}" : "0.5")),
            });
        }

        await poller.StartReplicaAsync();
        var reported = await poller.WaitForAsync<IncidentReported>(250);

        Assert.Equal(250, reported.Select(message => message.Incident).Distinct().Count());
    }

    [Fact]
    public async Task An_open_ticket_of_another_agent_untouched_for_forty_days_is_found()
    {
        var clock = new SteppedClock(DateTimeOffset.UtcNow.AddDays(-40));
        await using var poller = await RunningPoller.PrepareAsync(services => services.AddSingleton<TimeProvider>(clock));
        var old = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        poller.Tickets.Update(old.Id, t => t with { ResponderId = 777 });
        var mine = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });
        clock.Step(TimeSpan.FromDays(40));

        await poller.StartReplicaAsync();
        var reported = await poller.WaitForAsync<IncidentReported>(2);

        Assert.Equal([old.Id, mine.Id], reported.Select(message => message.Ticket.TicketId).Order());
    }

    [Fact]
    public async Task A_wiped_redis_costs_time_and_no_incident()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        var first = Assert.Single(await poller.WaitForAsync<IncidentReported>());

        await poller.RedisAsync("FLUSHALL");
        var again = Assert.Single(await poller.WaitForAsync<IncidentReported>());

        Assert.Equal((first.Incident, first.Ticket.Version, ticket.Id), (again.Incident, again.Ticket.Version, again.Ticket.TicketId));
    }

    [Fact]
    public async Task Open_tickets_are_reported_again_and_again_with_the_same_version_and_without_noise_in_the_audit()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:RepublishInterval", "00:00:01"));
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });

        var reported = await poller.WaitForAsync<IncidentReported>(3);

        Assert.Single(reported.Select(message => message.Ticket.Version).Distinct());
        Assert.Single(await poller.AuditAsync());
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "server errors", """{"status":500}""" },
        { "an HTML error page", """{"status":502,"body":"<html>Bad gateway</html>","contentType":"text/html"}""" },
        { "an HTML page that claims success", """{"garbage":"html"}""" },
        { "broken JSON", """{"garbage":"json"}""" },
        { "a wrong key", """{"status":401,"body":"{\"code\":\"invalid_credentials\",\"message\":\"You have to be logged in to perform this action.\"}"}""" },
        { "a limit", """{"status":429,"retryAfter":1}""" },
        { "a limit without Retry-After", """{"status":429,"next":2}""" },
        { "a page that is gone", """{"status":404}""" },
        { "refused connections", """{"refuse":true}""" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task While_freshdesk_fails_nothing_is_withdrawn_and_afterwards_nothing_is_missed(string fault, string json)
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        poller.Break(JsonSerializer.Deserialize(json, FaultJson.Default.Fault)!);
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });
        if (!json.Contains("next", StringComparison.Ordinal))
        {
            await Eventually.TrueAsync(() => poller.Services.GetRequiredService<Polling.PollState>().Now.Problem is not null, $"a look fails for {fault}", TimeSpan.FromSeconds(30));
            if (!json.Contains("404", StringComparison.Ordinal))
            {
                using var ready = await poller.Http.GetAsync("/ready");
                Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
                Assert.Contains("freshdesk", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }

        poller.Mend();

        await poller.WaitForAsync<IncidentReported>(2);
        Assert.Empty((await poller.MessagesAsync()).OfType<IncidentWithdrawn>());
        await Eventually.TrueAsync(async () => (await poller.Http.GetAsync("/ready")).StatusCode == HttpStatusCode.OK, "ready again");
    }

    [Fact]
    public async Task A_touched_ticket_is_read_at_once_not_at_the_next_look()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:PollingInterval", "01:00:00"));
        await Eventually.TrueAsync(async () => !(await poller.RedisAsync("HGET", Keys.Poller, "cursor")).IsNull, "the first look is over");
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });

        await poller.SendAsync(new TicketTouched(ticket.Id));
        await poller.SendAsync(new TicketTouched(ticket.Id));
        await poller.SendAsync(new TicketTouched(999_999));

        await poller.WaitForAsync<IncidentReported>();
        poller.Tickets.Update(ticket.Id, t => t with { Deleted = true });
        await poller.SendAsync(new TicketTouched(ticket.Id));
        Assert.Equal("deleted", Assert.Single(await poller.WaitForAsync<IncidentWithdrawn>()).Reason);
        Assert.Single((await poller.MessagesAsync()).OfType<IncidentReported>());
    }

    [Fact]
    public async Task Of_two_replicas_one_looks_and_the_other_takes_over_when_it_stops()
    {
        await using var poller = await RunningPoller.StartAsync();
        await poller.StartReplicaAsync();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        await poller.TwoMoreLooksAsync();
        Assert.Single(await poller.MessagesAsync());

        await poller.StopReplicaAsync(0);
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });

        await poller.WaitForAsync<IncidentReported>(2);
    }

    [Fact]
    public async Task The_status_page_tells_who_serves_freshdesk_and_what_is_watched()
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        var status = JsonElement.Parse(await poller.Http.GetStringAsync("/status"));

        Assert.True(status.GetProperty("vendors")[0].GetProperty("simulated").GetBoolean());
        Assert.Equal(1, status.GetProperty("watchedTickets").GetInt32());
        Assert.Equal(0, status.GetProperty("waitingTickets").GetInt32());
        Assert.True(DateTimeOffset.Parse(status.GetProperty("lookedAt").GetString()!, CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow.AddMinutes(-1));
    }
}
