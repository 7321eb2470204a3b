using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

/// <summary>The mark of a yes on the ticket, and what is made of it when Redis has lost the incident.</summary>
public sealed class RestoringTests
{
    [Fact]
    public void An_accepted_ticket_of_which_nothing_is_known_any_more_is_taken_up_without_a_call()
    {
        var eta = new DateTimeOffset(2026, 3, 1, 9, 30, 0, TimeSpan.Zero);
        var responding = Responding.To(Responding.Ticket() with { Acceptance = new TicketAcceptance(eta) });

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Equal(eta + responding.Options.EtaGrace - responding.Now, responding.TimerIn(TimerNames.Eta));
        Assert.Empty(responding.Of<PlaceCall>());
        Assert.Empty(responding.Of<UpdateTicket>());

        responding.TimerRings(TimerNames.Eta);
        Assert.Equal(Responding.Phone, Assert.Single(responding.Of<SendMessage>()).To);
        responding.TimerRings(TimerNames.EtaReply);
        Assert.NotNull(responding.State.Flag);
    }

    [Fact]
    public void A_yes_marks_the_ticket_while_the_call_goes_on_and_a_no_takes_the_mark_off()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        Assert.Equal((null, new TicketAcceptance(null, DuringCall: 1)), Mark());

        responding.Tool("record_responder", new { whatsapp_number = "+12025550123" });
        responding.Says("Yes, that is right.").Tool("send_whatsapp_message", new { confirmed = true });
        Assert.Equal((null, new TicketAcceptance(null, DuringCall: 1, Informed: true)), Mark());

        responding.Says("No, wait, I cannot.").Tool("decline_incident", new { reason = "off duty" });
        Assert.Equal((TicketStatus.Open, null), Mark());

        (TicketStatus?, TicketAcceptance?) Mark() => responding.Of<UpdateTicket>().Last() is var update ? (update.Status, update.Acceptance) : default;
    }

    [Fact]
    public void A_call_with_a_yes_that_redis_has_lost_goes_on_where_it_was_and_nobody_is_called_again()
    {
        var responding = Responding.To(Responding.Ticket() with { Acceptance = new TicketAcceptance(null, DuringCall: 2) });
        Assert.Equal(CallId.Of(Responding.Id, 2), responding.Call);

        responding.Tool("record_responder", new { whatsapp_number = "+12025550123" });
        responding.Says("Yes, that is right.").Tool("send_whatsapp_message", new { confirmed = true });
        responding.Tool("record_responder", new { eta_minutes = 10 });
        responding.Gets(new MediaStopped(responding.Call, 1, "finished"));

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Equal(TicketStatus.Pending, responding.Of<UpdateTicket>().Last().Status);
        Assert.Contains("Accepted", Assert.Single(responding.Notes), StringComparison.Ordinal);
        Assert.Single(responding.Of<SendMessage>());
        Assert.Empty(responding.Of<PlaceCall>());
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void A_call_with_a_yes_that_ended_while_redis_was_lost_is_settled_without_another_one(bool informed, int messages)
    {
        var responding = Responding.To(Responding.Ticket() with { Acceptance = new TicketAcceptance(null, DuringCall: 1, Informed: informed) });

        responding.TimerRings(TimerNames.Outcome);

        Assert.Equal((IncidentStatus.Acknowledged, CallOutcome.Acknowledged), (responding.State.Status, Assert.Single(responding.State.Attempts).Outcome));
        Assert.Equal((TicketStatus.Pending, new TicketAcceptance(null, Informed: informed || messages > 0)), (responding.Of<UpdateTicket>().Last().Status, responding.Of<UpdateTicket>().Last().Acceptance));
        Assert.Equal(messages, responding.Of<SendMessage>().Count(message => message.Channel == Channel.Sms));
        Assert.Empty(responding.Of<PlaceCall>());
    }

    [Fact]
    public void The_mark_of_a_yes_stands_on_the_ticket_and_follows_eta_arrival_and_reopening()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { eta_minutes = 15 });
        var eta = responding.Now.AddMinutes(15);
        responding.HangsUp();
        Assert.Equal((TicketStatus.Pending, new TicketAcceptance(eta, Informed: true)), Mark());

        responding.Decide(FollowUp.Arrived);
        Assert.Equal((null, new TicketAcceptance(eta, Arrived: true, Informed: true)), Mark());

        responding.Gets(new IncidentWithdrawn(Responding.Id, "resolved")).Gets(new IncidentReported(Responding.Id, Responding.Ticket()));
        Assert.Equal((TicketStatus.Open, null), Mark());

        (TicketStatus?, TicketAcceptance?) Mark() => responding.Of<UpdateTicket>().Last() is var update ? (update.Status, update.Acceptance) : default;
    }
}
