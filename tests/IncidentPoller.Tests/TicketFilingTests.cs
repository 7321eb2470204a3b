using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Tests.Shared;

namespace CityMonitor.IncidentPoller.Tests;

/// <summary>A version that is known may be reported again at any time (the sweep of open tickets): whoever counts, counts tickets.</summary>
public sealed class TicketFilingTests
{
    const string Root = "in-CA1";

    static CreateTicket Create(TicketPurpose purpose = TicketPurpose.Incident, string write = "in-CA1.ticket.1", PhoneNumber? requester = null, PhoneNumber? responder = null) => new(
        write, Root, DateTimeOffset.UtcNow,
        new NewTicket(purpose, "fire, 12 Harbour Road (by phone)", "Reported by phone.\nSmoke & <b>fire</b>", Priority.Urgent, "Ana Lopez", requester, "fire", "12 Harbour Road", responder));

    static readonly PhoneNumber caller = PhoneNumber.Parse("+12025550181");
    static readonly PhoneNumber responder = PhoneNumber.Parse("+12025550182");

    [Fact]
    public async Task A_reported_incident_is_filed_and_at_once_an_incident_like_any_other()
    {
        await using var poller = await RunningPoller.StartAsync();
        await poller.SendAsync(Create(requester: caller, responder: responder));
        var created = Assert.Single(await poller.WaitForAsync<TicketCreated>());
        Assert.Equal((Root, "in-CA1.ticket.1"), (created.RootId, created.WriteId));
        var reported = (await poller.WaitForAsync<IncidentReported>())[0];
        Assert.Equal((IncidentId.OfTicket(created.TicketId), "fire", "12 Harbour Road", responder, Priority.Urgent), (reported.Incident, reported.Ticket.Fields.Type, reported.Ticket.Fields.Address, reported.Ticket.Fields.ResponderPhone, reported.Ticket.Priority));

        var ticket = poller.Ticket(created.TicketId);
        Assert.Contains("city-monitor-by-phone", ticket.Tags);
        Assert.Contains("Smoke &amp; &lt;b&gt;fire&lt;/b&gt;", ticket.Description, StringComparison.Ordinal);
        Assert.Equal(Ticket.Open, ticket.Status);
        await poller.WaitForAuditAsync("ticket.filed");
    }

    [Fact]
    public async Task The_same_ticket_asked_for_twice_is_filed_once_and_told_again()
    {
        await using var poller = await RunningPoller.StartAsync();
        var create = Create(requester: caller);
        await poller.SendAsync(create);
        var first = Assert.Single(await poller.WaitForAsync<TicketCreated>());
        await poller.SendAsync(create);
        var both = await poller.WaitForAsync<TicketCreated>(2);
        Assert.All(both, created => Assert.Equal(first.TicketId, created.TicketId));
        Assert.Single(poller.Tickets.All(), ticket => ticket.Subject.StartsWith("fire, 12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ticket_whose_creation_nobody_heard_of_is_found_and_not_filed_twice()
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Break(new Fault { LoseAnswer = true, Next = 1, Match = "^POST .*/tickets" });
        await poller.SendAsync(Create(requester: caller));
        var created = Assert.Single(await poller.WaitForAsync<TicketCreated>());
        Assert.Single(poller.Tickets.All(), ticket => ticket.Subject.StartsWith("fire, 12", StringComparison.Ordinal));
        Assert.NotNull(poller.Ticket(created.TicketId));
    }

    [Fact]
    public async Task Through_an_outage_the_ticket_waits_and_is_filed_when_Freshdesk_is_back_also_by_another_process()
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Break(new Fault { Status = 503 });
        await poller.SendAsync(Create(requester: caller));
        await Eventually.TrueAsync(async () => (await poller.RedisAsync("ZCARD", Keys.TicketsDue)).Number == 1, "the ticket waits");
        await poller.StopReplicaAsync(0);
        await poller.StartReplicaAsync();
        poller.Mend();
        Assert.Single(await poller.WaitForAsync<TicketCreated>());
        Assert.Single(poller.Tickets.All(), ticket => ticket.Subject.StartsWith("fire, 12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_is_no_incident_until_somebody_takes_its_tag_off()
    {
        await using var poller = await RunningPoller.StartAsync();
        await poller.SendAsync(Create(TicketPurpose.Message));
        var created = Assert.Single(await poller.WaitForAsync<TicketCreated>());
        await poller.TwoMoreLooksAsync();
        Assert.DoesNotContain(await poller.MessagesAsync(), message => message is IncidentReported);
        poller.Tickets.Update(created.TicketId, ticket => ticket with { Tags = [] });
        Assert.Equal(IncidentId.OfTicket(created.TicketId), (await poller.WaitForAsync<IncidentReported>())[0].Incident);
    }

    [Fact]
    public async Task An_account_without_our_fields_still_gets_a_ticket_that_can_be_dispatched()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:Fields:Address", "cf_where_it_is"));
        await poller.SendAsync(Create(requester: caller, responder: responder));
        var reported = (await poller.WaitForAsync<IncidentReported>())[0];
        Assert.Equal(("fire", "12 Harbour Road", responder), (reported.Ticket.Fields.Type, reported.Ticket.Fields.Address, reported.Ticket.Fields.ResponderPhone));
    }

    [Fact]
    public async Task A_correction_is_written_into_the_fields_and_is_news_of_the_incident()
    {
        await using var poller = await RunningPoller.StartAsync();
        var create = Create(requester: caller, responder: responder);
        await poller.SendAsync(create with { Ticket = create.Ticket with { Priority = Priority.High } });
        var created = Assert.Single(await poller.WaitForAsync<TicketCreated>());
        var incident = IncidentId.OfTicket(created.TicketId);
        await poller.SendAsync(new UpdateTicket("in-CA1.correction.2", incident, created.TicketId, null, Correction: new TicketCorrection("fire", "21 Harbour Road")));
        Assert.Equal("21 Harbour Road", Assert.Single(await poller.WaitForAsync<IncidentChanged>()).Ticket.Fields.Address);
        await poller.SendAsync(new UpdateTicket("in-CA1.correction.3", incident, created.TicketId, null, Correction: new TicketCorrection("fire", "21 Harbour Road", DangerToLife: true)));
        Assert.Equal(Priority.Urgent, (await poller.WaitForAsync<IncidentChanged>(2))[^1].Ticket.Priority);
    }
}
