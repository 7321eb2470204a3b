using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Simulator.Tests;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class RecoveryTests
{
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

    [Theory]
    [InlineData("^GET /api/v2/search", 403)]
    [InlineData("^GET /api/v2/search", 400)]
    public async Task An_account_that_may_not_search_still_has_its_tickets_reported(string match, int status)
    {
        await using var poller = await RunningPoller.PrepareAsync();
        poller.Break(new Fault { Match = match, Status = status });
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });

        await poller.StartReplicaAsync();
        await poller.WaitForAsync<IncidentReported>();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });

        await poller.WaitForAsync<IncidentReported>(2);
    }

    [Fact]
    public async Task A_redis_that_restarts_stops_nothing()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        await poller.Redis.StopAsync();
        var late = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });
        await poller.Redis.StartAgainAsync();
        await poller.SendAsync(new AddTicketNote("w1", IncidentId.OfTicket(ticket.Id), ticket.Id, "After the restart."));

        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length == 1, "the note", TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(async () => (await poller.MessagesAsync()).OfType<IncidentReported>().Any(message => message.Ticket.TicketId == late.Id), "the late ticket", TimeSpan.FromSeconds(20));
    }
}
