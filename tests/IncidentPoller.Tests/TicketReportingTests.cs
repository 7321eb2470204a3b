using System.Globalization;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Tests.Shared;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class TicketReportingTests
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
    public async Task The_status_page_tells_who_serves_freshdesk_and_what_is_watched()
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        await poller.TwoMoreLooksAsync();

        var status = JsonElement.Parse(await poller.Http.GetStringAsync("/status"));

        Assert.True(status.GetProperty("vendors")[0].GetProperty("simulated").GetBoolean());
        Assert.Equal(1, status.GetProperty("watchedTickets").GetInt32());
        Assert.Equal(0, status.GetProperty("waitingTickets").GetInt32());
        Assert.True(DateTimeOffset.Parse(status.GetProperty("lookedAt").GetString()!, CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow.AddMinutes(-1));
    }
}
