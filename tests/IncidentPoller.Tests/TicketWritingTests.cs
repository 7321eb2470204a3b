using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Tests.Shared;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class TicketWritingTests
{
    [Fact]
    public async Task Statuses_and_notes_arrive_in_the_order_in_which_they_were_asked_for()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        var incident = IncidentId.OfTicket(ticket.Id);

        for (var n = 1; n <= 12; n++)
        {
            await poller.SendAsync(new AddTicketNote($"{incident}.note.{n}", incident, ticket.Id, $"Step {n}"));
        }

        await poller.SendAsync(new UpdateTicket($"{incident}.status.1", incident, ticket.Id, TicketStatus.Pending));
        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Status == Ticket.Pending, "the status is written", TimeSpan.FromSeconds(20));

        var notes = poller.Ticket(ticket.Id).Conversations;
        Assert.Equal(Enumerable.Range(1, 12), notes.Select(note => int.Parse(note.Body.Split("Step ")[1].Split('<')[0], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.All(notes, note => Assert.True(note.Private));
    }

    [Fact]
    public async Task Whatever_a_note_quotes_shows_as_text()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());

        await NoteAsync(poller, ticket, "w1", "Said: <script>alert('x')</script> & \"yes\"\r\nآگ 🔥");
        await poller.WaitForAuditAsync("ticket.noted");

        var body = Assert.Single(poller.Ticket(ticket.Id).Conversations).Body;
        Assert.Contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;yes&quot;<br>", body, StringComparison.Ordinal);
        Assert.Contains("آگ 🔥", System.Net.WebUtility.HtmlDecode(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_write_asked_for_twice_is_made_once()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());

        await NoteAsync(poller, ticket, "w1", "Once.");
        await NoteAsync(poller, ticket, "w1", "Once.");
        await poller.WaitForAuditAsync("ticket.noted");
        await NoteAsync(poller, ticket, "w1", "Once.");
        await NoteAsync(poller, ticket, "w2", "Another.");
        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length >= 2, "both notes");

        Assert.Equal(2, poller.Ticket(ticket.Id).Conversations.Length);
    }

    [Theory]
    [InlineData(TicketStatus.Resolved)]
    [InlineData(TicketStatus.Closed)]
    [InlineData((TicketStatus)0)]
    public async Task No_message_can_make_the_poller_close_a_ticket(TicketStatus status)
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        await poller.SendAsync(new UpdateTicket("w1", IncidentId.OfTicket(ticket.Id), ticket.Id, status));

        await Eventually.TrueAsync(async () => (await poller.DeadAsync()).Count == 1, "the message is given up");
        Assert.Contains("ticket", Assert.Single(await poller.DeadAsync()).Error, StringComparison.Ordinal);
        Assert.Equal(Ticket.Open, poller.Ticket(ticket.Id).Status);
    }

    [Fact]
    public async Task A_ticket_that_a_person_has_resolved_is_not_opened_again_by_a_late_write()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();
        poller.Tickets.Update(ticket.Id, t => t with { Status = Ticket.Resolved });

        await poller.SendAsync(new UpdateTicket("w1", IncidentId.OfTicket(ticket.Id), ticket.Id, TicketStatus.Pending));
        await poller.WaitForAuditAsync("ticket.updated");

        Assert.Equal(Ticket.Resolved, poller.Ticket(ticket.Id).Status);
        await poller.WaitForAsync<IncidentWithdrawn>();
    }

    [Fact]
    public async Task The_status_gets_through_even_where_the_account_lacks_our_fields()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());

        await poller.SendAsync(new UpdateTicket("w1", IncidentId.OfTicket(ticket.Id), ticket.Id, TicketStatus.Pending, new Dictionary<string, string>
        {
            ["cf_unheard_of"] = "x", ["cf_eta_minutes"] = "12", ["cf_drill"] = "true", ["cf_outcome"] = "accepted \"at once\"",
        }));
        await poller.WaitForAuditAsync("ticket.updated");

        var updated = poller.Ticket(ticket.Id);
        Assert.Equal((Ticket.Pending, 12, "accepted \"at once\""), (updated.Status, updated.CustomFields["cf_eta_minutes"].GetInt32(), updated.CustomFields["cf_outcome"].GetString()));
        Assert.True(updated.CustomFields["cf_drill"].GetBoolean());
        Assert.Contains("cf_unheard_of", (await poller.AuditAsync()).Single(entry => entry.Kind == "ticket.updated").Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_that_freshdesk_refuses_is_kept_for_the_operator_and_the_next_one_goes_on()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        poller.Break(new Fault { Status = 400, Next = 1, Match = "^POST .*/notes", Body = """{"description":"Validation failed","errors":[{"field":"body","message":"It is too long","code":"invalid_value"}]}""" });

        await NoteAsync(poller, ticket, "w1", "Refused.");
        await NoteAsync(poller, ticket, "w2", "Taken.");
        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length == 1, "the second note");

        var dead = Assert.Single(await poller.DeadAsync());
        Assert.Equal((nameof(AddTicketNote), Keys.Tickets), (dead.Type, dead.Stream));
        Assert.Contains("It is too long", dead.Error, StringComparison.Ordinal);
        Assert.Equal(nameof(AddTicketNote), Assert.Single(await poller.WaitForAsync<DeadLettered>()).Type);
    }

    [Fact]
    public async Task An_entry_in_a_queue_that_nobody_can_read_is_dropped_and_the_next_one_is_done()
    {
        await using var poller = await RunningPoller.StartAsync();
        var ticket = poller.Samples.WithCustomFields(new CameraIncident());
        await poller.RedisAsync("ZADD", Keys.TicketWork(ticket.Id), 1, "}{");

        await NoteAsync(poller, ticket, "w1", "Behind it.");

        await Eventually.TrueAsync(() => poller.Ticket(ticket.Id).Conversations.Length == 1, "the note behind it");
    }

    static Task NoteAsync(RunningPoller poller, Ticket ticket, string writeId, string text) =>
        poller.SendAsync(new AddTicketNote(writeId, IncidentId.OfTicket(ticket.Id), ticket.Id, text));
}
