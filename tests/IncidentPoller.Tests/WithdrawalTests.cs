using CityMonitor.Messaging.Contracts;
using CityMonitor.Simulator.Freshdesk;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class WithdrawalTests
{
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
}
