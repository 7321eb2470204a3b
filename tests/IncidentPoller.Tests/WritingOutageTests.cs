using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Tests.Shared;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class WritingOutageTests
{
    [Fact]
    public async Task A_note_whose_answer_was_lost_is_not_written_again()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:PollingInterval", "01:00:00"));
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        await NoteAsync(poller, ticket, "w.1", "First.");
        await poller.WaitForAuditAsync("ticket.noted");
        poller.Break(new Fault { LoseAnswer = true, Next = 1, Match = "^POST .*/notes" });

        await NoteAsync(poller, ticket, "w.12", "Second.");
        await Eventually.TrueAsync(async () => (await poller.AuditAsync()).Any(entry => entry.Text.Contains("already in ticket", StringComparison.Ordinal)), "the lost note is found", TimeSpan.FromSeconds(20));

        Assert.Equal(2, poller.Ticket(ticket.Id).Conversations.Length);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task Through_an_outage_writes_wait_and_then_arrive_in_order(int status)
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:PollingInterval", "01:00:00"));
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        poller.Break(new Fault { Status = status, RetryAfter = status == 429 ? 1 : null });

        await NoteAsync(poller, ticket, "w1", "First.");
        await poller.SendAsync(new UpdateTicket("w2", IncidentId.OfTicket(ticket.Id), ticket.Id, TicketStatus.Pending));
        await NoteAsync(poller, ticket, "w3", "Last.");
        await Eventually.TrueAsync(async () => (await poller.RedisAsync("ZCARD", Keys.TicketWork(ticket.Id))).Number == 3, "all wait");
        using (var http = poller.Http)
        {
            await Eventually.TrueAsync(async () => (await http.GetAsync("/ready")).StatusCode == System.Net.HttpStatusCode.ServiceUnavailable, "/ready says so", TimeSpan.FromSeconds(20));
        }

        poller.Mend();
        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length == 2, "both notes", TimeSpan.FromSeconds(30));

        Assert.Contains("First.", poller.Ticket(ticket.Id).Conversations[0].Body, StringComparison.Ordinal);
        Assert.Equal(Ticket.Pending, poller.Ticket(ticket.Id).Status);
        Assert.Empty(await poller.DeadAsync());
        await Eventually.TrueAsync(async () => (await poller.RedisAsync("ZCARD", Keys.TicketsDue)).Number == 0, "nothing waits any more");
    }

    [Fact]
    public async Task A_ticket_that_can_be_read_is_not_gone_whatever_its_writes_are_answered()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:PollingInterval", "01:00:00"));
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        poller.Break(new Fault { Status = 404, Match = "^(POST|PUT) " });

        await NoteAsync(poller, ticket, "w1", "Accepted.");
        await poller.SendAsync(new UpdateTicket("w2", IncidentId.OfTicket(ticket.Id), ticket.Id, TicketStatus.Pending));
        await Eventually.TrueAsync(async () => (await poller.RedisAsync("ZCARD", Keys.TicketWork(ticket.Id))).Number == 2, "both wait");
        poller.Mend();

        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id) is { Status: Ticket.Pending, Conversations.Length: 1 }, "both are written", TimeSpan.FromSeconds(40));
        Assert.DoesNotContain(await poller.AuditAsync(), entry => entry.Kind == "ticket.gone");
    }

    [Fact]
    public async Task What_waits_outlives_the_process()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        poller.Break(new Fault { Refuse = true });
        await NoteAsync(poller, ticket, "w1", "Through a restart.");
        await Eventually.TrueAsync(async () => (await poller.RedisAsync("ZCARD", Keys.TicketWork(ticket.Id))).Number == 1, "it waits");

        await poller.StopReplicaAsync(0);
        poller.Mend();
        await poller.StartReplicaAsync();

        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length == 1, "the note is written", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_deleted_ticket_ends_its_writes_and_nobody_elses()
    {
        await using var poller = await RunningPoller.StartAsync(("Freshdesk:PollingInterval", "01:00:00"));
        var gone = poller.Samples.WithCustomFields(new CameraIncident());
        var other = poller.Samples.WithCustomFields(new CameraIncident());
        poller.Tickets.Update(gone.Id, t => t with { Deleted = true });

        await NoteAsync(poller, gone, "w1", "Too late.");
        await poller.SendAsync(new UpdateTicket("w2", IncidentId.OfTicket(999_999), 999_999, null, new Dictionary<string, string> { ["cf_outcome"] = "x" }));
        await NoteAsync(poller, other, "w3", "In time.");
        await Eventually.TrueAsync(() => poller.Ticket(other.Id).Conversations.Length == 1, "the other note");
        await Eventually.TrueAsync(async () => (await poller.AuditAsync()).Count(entry => entry.Kind == "ticket.gone") == 2, "both are in the audit");

        Assert.Empty(await poller.DeadAsync());
        Assert.Empty(poller.Ticket(gone.Id).Conversations);
    }

    static Task NoteAsync(RunningPoller poller, Ticket ticket, string writeId, string text) =>
        poller.SendAsync(new AddTicketNote(writeId, IncidentId.OfTicket(ticket.Id), ticket.Id, text));
}
