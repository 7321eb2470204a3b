using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class WithdrawalAndDuplicateTests
{
    [Fact]
    public void A_ticket_closed_while_the_phone_rings_ends_the_call()
    {
        var responding = Responding.To().Gets(new CallRinging(CallId.Of(Responding.Id, 1)));
        responding.Gets(new IncidentWithdrawn(Responding.Id, "closed"));

        Assert.Single(responding.Of<EndCall>());
        Assert.Equal(IncidentStatus.Withdrawn, responding.State.Status);
        Assert.Empty(responding.State.Timers);

        responding.CallEnds(CallEnd.Canceled);
        Assert.Single(responding.Of<PlaceCall>());
        Assert.Empty(responding.Of<UpdateTicket>());
    }

    [Fact]
    public void A_ticket_closed_during_the_conversation_is_told_to_the_responder()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Gets(new IncidentWithdrawn(Responding.Id, "resolved"));

        Assert.Contains("settled", Assert.Single(responding.Of<SayNews>()).Text, StringComparison.Ordinal);
        Assert.Equal("withdrawn", Assert.Single(responding.Of<FinishCall>()).Reason);
        Assert.Contains("settled", responding.Tool("send_whatsapp_message", new { confirmed = true }).GetProperty("error").GetString(), StringComparison.Ordinal);

        responding.Facts = new Facts { Transcript = [new Turn(responding.Now, Speaker.Agent, "Settled.")] };
        responding.HangsUp();
        Assert.Equal(IncidentStatus.Withdrawn, responding.State.Status);
        Assert.Contains("was resolved while a call", Assert.Single(responding.Notes), StringComparison.Ordinal);
        Assert.DoesNotContain(responding.Of<UpdateTicket>(), update => update.Status is not null);
        Assert.Empty(responding.Of<SendMessage>());
    }

    [Fact]
    public void A_withdrawn_incident_that_waits_for_its_next_call_is_not_called()
    {
        var responding = Responding.To().CallEnds(CallEnd.Busy);
        responding.Gets(new IncidentWithdrawn(Responding.Id, "spam"));
        Assert.Contains(TimerNames.NextAttempt, responding.Last.Cancelled);
        responding.Gets(new TimerDue(Responding.Id.Value, TimerNames.NextAttempt));

        Assert.Single(responding.Of<PlaceCall>());
    }

    static IncidentState Primary(Func<Responding, Responding>? until = null)
    {
        var responding = Responding.To();
        var state = (until is null ? responding : until(responding)).State;
        return state with { Id = IncidentId.OfTicket(4700), Ticket = state.Ticket with { TicketId = 4700 } };
    }

    static Responding Linked() => Responding.To(facts: new Facts { Primary = Primary() });

    static Responding Checked(IncidentState? primary)
    {
        var responding = Linked();
        responding.Facts = new Facts { Primary = primary };
        return responding.TimerRings(TimerNames.Duplicate);
    }

    [Fact]
    public void A_second_ticket_of_one_event_makes_no_second_call()
    {
        var responding = Linked();

        Assert.Empty(responding.Of<PlaceCall>());
        Assert.Equal(IncidentId.OfTicket(4700), responding.State.DuplicateOf);
        Assert.Contains("same event as ticket 4700", Assert.Single(responding.Notes), StringComparison.Ordinal);
        Assert.True(responding.HasTimer(TimerNames.Duplicate));
    }

    [Fact]
    public void A_duplicate_waits_as_long_as_its_primary_is_called()
    {
        var responding = Checked(Primary());

        Assert.True(responding.HasTimer(TimerNames.Duplicate));
        Assert.Single(responding.Notes);
    }

    [Fact]
    public void A_duplicate_follows_the_yes()
    {
        var responding = Checked(Primary(r => r.IsAnswered().Accepts().HangsUp()));

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Equal(TicketStatus.Pending, Assert.Single(responding.Of<UpdateTicket>()).Status);
        Assert.Contains("Accepted by Officer Lee", responding.Notes.Last(), StringComparison.Ordinal);
    }

    static Responding Following(IncidentState? primaryNow)
    {
        var responding = Checked(Primary(r => r.IsAnswered().Accepts().HangsUp()));
        responding.Facts = new Facts { Primary = primaryNow };
        return responding.TimerRings(TimerNames.Duplicate);
    }

    [Fact]
    public void A_duplicate_that_followed_a_yes_is_open_again_when_the_responder_takes_it_back()
    {
        var responding = Following(Primary(r =>
        {
            r.IsAnswered().Accepts().HangsUp();
            r.Tool("decline_incident", new { reason = "the engine broke down" });
            return r;
        }));

        Assert.Equal(IncidentStatus.Declined, responding.State.Status);
        Assert.Equal([TicketStatus.Pending, TicketStatus.Open], responding.Of<UpdateTicket>().Select(u => u.Status!.Value));
        Assert.Contains("engine broke down", responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Empty(responding.Of<PlaceCall>());
    }

    [Fact]
    public void A_duplicate_that_followed_a_yes_goes_on_with_its_primary_while_another_is_called()
    {
        var responding = Following(Primary());

        Assert.Equal(IncidentStatus.Reported, responding.State.Status);
        Assert.NotNull(responding.State.DuplicateOf);
        Assert.True(responding.HasTimer(TimerNames.Duplicate));
        Assert.Empty(responding.Of<PlaceCall>());

        responding.Facts = new Facts { Primary = Primary(r => r.IsAnswered().Accepts(name: "Medic Ito").HangsUp()) };
        responding.TimerRings(TimerNames.Duplicate);
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Contains("Medic Ito", responding.Notes.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_that_followed_a_yes_asks_by_itself_when_its_primary_is_gone_and_is_the_operators_when_that_is_resolved()
    {
        var alone = Following(null);
        Assert.Equal(IncidentStatus.Acknowledged, alone.State.Status);
        Assert.True(alone.HasTimer(TimerNames.Eta));

        var left = Following(Primary(r => r.IsAnswered().Accepts().HangsUp().Gets(new IncidentWithdrawn(Responding.Id, "resolved"))));
        Assert.Contains("still open", left.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Empty(left.Of<PlaceCall>());
    }

    [Fact]
    public void Two_accepted_tickets_of_one_event_of_which_nothing_is_known_any_more_ask_once()
    {
        var responding = Responding.To(Responding.Ticket() with { Acceptance = new TicketAcceptance(null) }, new Facts { Primary = Primary(r => r.IsAnswered().Accepts().HangsUp()) });

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.False(responding.HasTimer(TimerNames.Eta));
        Assert.True(responding.HasTimer(TimerNames.Duplicate));
    }

    [Fact]
    public void A_duplicate_follows_the_failure_to_the_operator()
    {
        var responding = Checked(Primary(r => r.CallEnds(CallEnd.Failed, 21217)));

        Assert.Equal(IncidentStatus.InvalidContact, responding.State.Status);
        Assert.NotNull(responding.State.Flag);
        Assert.Empty(responding.Of<UpdateTicket>());
    }

    [Fact]
    public void A_duplicate_whose_primary_vanished_is_dispatched_by_itself()
    {
        Assert.Single(Checked(null).Of<PlaceCall>());
        Assert.Single(Checked(Primary(r => r.Gets(new IncidentWithdrawn(Responding.Id, "spam")))).Of<PlaceCall>());
    }

    [Fact]
    public void A_duplicate_of_a_resolved_ticket_is_the_operators()
    {
        var responding = Checked(Primary(r => r.Gets(new IncidentWithdrawn(Responding.Id, "resolved"))));

        Assert.Empty(responding.Of<PlaceCall>());
        Assert.Contains("still open", responding.State.Flag!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_with_a_corrected_phone_is_called_by_itself()
    {
        var responding = Linked();
        responding.Facts = Facts.None;
        responding.Gets(new IncidentChanged(Responding.Id, Responding.Ticket(version: "v2", confidence: 0.5)));
        Assert.Empty(responding.Of<PlaceCall>());

        responding.Gets(new IncidentChanged(Responding.Id, Responding.Ticket(version: "v3", phone: "+12025550177")));
        Assert.Equal("+12025550177", Assert.Single(responding.Of<PlaceCall>()).To.Value);
    }

    [Fact]
    public void The_same_event_is_known_by_phone_type_and_place_whichever_camera_saw_it()
    {
        var fields = Responding.Ticket().Fields;

        Assert.Equal(Duplicates.EventHash(fields), Duplicates.EventHash(fields with { Address = "harbour road & 5th street".Replace("&", "and", StringComparison.Ordinal), Confidence = 0.2 }));
        Assert.Equal(Duplicates.EventHash(fields), Duplicates.EventHash(fields with { CameraId = "CAM-0999" }));
        Assert.NotEqual(Duplicates.EventHash(fields), Duplicates.EventHash(fields with { Address = "Pier 9" }));
        Assert.NotEqual(Duplicates.EventHash(fields with { Address = null }), Duplicates.EventHash(fields with { Address = null, CameraId = "CAM-0999" }));
        Assert.NotEqual(Duplicates.EventHash(fields), Duplicates.EventHash(fields with { Type = "Fire" }));
        Assert.Null(Duplicates.EventHash(fields with { ResponderPhone = null }));
        Assert.Null(Duplicates.EventHash(fields with { Address = null, CameraId = null }));
    }
}
