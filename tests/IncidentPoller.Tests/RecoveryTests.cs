using System.Text.Json;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Polling;
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_wiped_redis_an_accepted_ticket_is_reported_with_its_mark_before_any_open_one(bool longAgo)
    {
        var clock = new SteppedClock(DateTimeOffset.UtcNow.AddDays(longAgo ? -2 : 0));
        await using var poller = await RunningPoller.PrepareAsync(services => services.AddSingleton<TimeProvider>(clock));
        var eta = new DateTimeOffset(2026, 3, 1, 9, 45, 0, TimeSpan.Zero);
        var accepted = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        var ours = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550177" });
        var open = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        var apart = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });
        poller.Tickets.Update(apart.Id, t => t with { Status = Ticket.Pending });
        await poller.StartReplicaAsync();
        await poller.WaitForAsync<IncidentReported>(3);
        await poller.SendAsync(Accept(accepted.Id, "a1", new TicketAcceptance(eta)));
        await poller.SendAsync(Accept(ours.Id, "b1", new TicketAcceptance(null, Arrived: true, DuringCall: 3, Informed: true)));
        await Eventually.TrueAsync(() => poller.Ticket(accepted.Id).Status == Ticket.Pending && poller.Ticket(ours.Id).Status == Ticket.Pending, "both are pending");
        Assert.Equal(["camera-ai", "city-monitor-accepted", "city-monitor-eta-202603010945", $"city-monitor-of-{accepted.Id}"], poller.Ticket(accepted.Id).Tags.Order(StringComparer.Ordinal));
        clock.Step(TimeSpan.FromDays(longAgo ? 2 : 0));

        await poller.RedisAsync("FLUSHALL");
        var reported = await poller.WaitForAsync<IncidentReported>(3);
        await poller.TwoMoreLooksAsync();

        reported = [.. (await poller.MessagesAsync()).Cast<IncidentReported>()];
        Assert.Equal([accepted.Id, ours.Id, open.Id], reported.Select(message => message.Ticket.TicketId).Distinct().Order()); // a sweep beside the poll may report them once more
        Assert.Equal(new TicketAcceptance(eta), Of(accepted.Id).Ticket.Acceptance);
        Assert.Equal(new TicketAcceptance(null, Arrived: true, DuringCall: 3, Informed: true), Of(ours.Id).Ticket.Acceptance);
        Assert.Null(Of(open.Id).Ticket.Acceptance);
        var order = (await poller.AuditAsync()).Where(entry => entry.Kind == "incident.reported").Select(entry => entry.Root).ToList();
        Assert.Equal(IncidentId.OfTicket(open.Id).Value, order[^1]);

        IncidentReported Of(long id) => reported.First(message => message.Ticket.TicketId == id);
    }

    [Fact]
    public async Task A_copy_of_an_accepted_ticket_is_a_new_incident()
    {
        await using var poller = await RunningPoller.PrepareAsync();
        var copy = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        poller.Tickets.Update(copy.Id, t => t with { Tags = ["city-monitor-accepted", $"city-monitor-of-{copy.Id - 1}", "city-monitor-eta-202603010945"] });

        await poller.StartReplicaAsync();

        Assert.Null(Assert.Single(await poller.WaitForAsync<IncidentReported>()).Ticket.Acceptance);
    }

    static UpdateTicket Accept(long id, string write, TicketAcceptance acceptance) => new(write, IncidentId.OfTicket(id), id, TicketStatus.Pending, Acceptance: acceptance);

    [Theory]
    [InlineData(-50)]
    [InlineData(50)]
    public async Task A_clock_that_is_most_of_an_hour_off_freshdesks_misses_nothing(int minutes)
    {
        var clock = new SteppedClock(DateTimeOffset.UtcNow.AddMinutes(minutes));
        await using var poller = await RunningPoller.PrepareAsync(services => services.AddSingleton<TimeProvider>(clock));
        await poller.StartReplicaAsync();
        await poller.TwoMoreLooksAsync();

        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        clock.Step(TimeSpan.FromSeconds(2));
        poller.Tickets.Update(ticket.Id, t => t with { Subject = "Two trucks" });
        await poller.WaitForAsync<IncidentChanged>();
        clock.Step(TimeSpan.FromSeconds(2));
        poller.Tickets.Update(ticket.Id, t => t with { Status = Ticket.Closed });

        Assert.Equal("closed", Assert.Single(await poller.WaitForAsync<IncidentWithdrawn>()).Reason);
    }

    [Fact]
    public async Task A_yes_that_is_taken_back_takes_its_mark_off_and_leaves_the_tags_of_others()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.SendAsync(Accept(ticket.Id, "w1", new TicketAcceptance(DateTimeOffset.UtcNow)));
        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Tags.Length == 4, "the mark is there");

        await poller.SendAsync(new UpdateTicket("w2", IncidentId.OfTicket(ticket.Id), ticket.Id, TicketStatus.Open));

        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Status == Ticket.Open, "it is open again");
        Assert.Equal(["camera-ai"], poller.Ticket(ticket.Id).Tags);
    }

    [Fact]
    public async Task Of_two_replicas_that_see_a_ticket_in_many_versions_at_once_no_older_one_is_reported_after_a_newer_one()
    {
        await using var poller = await RunningPoller.StartAsync();
        await poller.StartReplicaAsync();
        var ticket = new FreshdeskTicket { Id = 90_001, Status = Ticket.Open, Priority = "4", CreatedAt = DateTimeOffset.UtcNow };
        var now = DateTimeOffset.UtcNow;
        var observers = poller.Replicas.Select(services => services.GetRequiredService<TicketObserver>()).ToList();

        await Task.WhenAll(Enumerable.Range(1, 120).Select(n => Task.Run(() => observers[n % 2].ObserveAsync(
            ticket with { Subject = $"Version {n}", UpdatedAt = now.AddSeconds(n) }, republish: false, CancellationToken.None))));

        var seen = (await poller.MessagesAsync()).Select(message => message switch
        {
            IncidentReported m => m.Ticket.UpdatedAt,
            IncidentChanged m => m.Ticket.UpdatedAt,
            _ => throw new InvalidOperationException(message.GetType().Name),
        }).ToList();
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(now.AddSeconds(120), seen[^1]);
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
