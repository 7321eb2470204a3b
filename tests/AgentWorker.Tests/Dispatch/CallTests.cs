using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class CallTests
{
    [Theory]
    [InlineData(CallEnd.Busy, CallOutcome.Busy)]
    [InlineData(CallEnd.NoAnswer, CallOutcome.NoAnswer)]
    [InlineData(CallEnd.Failed, CallOutcome.Failed)]
    [InlineData(CallEnd.Canceled, CallOutcome.NoAnswer)]
    [InlineData(CallEnd.Unknown, CallOutcome.Unknown)]
    public void Three_calls_without_an_answer_make_an_unreachable_responder(CallEnd end, CallOutcome outcome)
    {
        var responding = Responding.To().CallEnds(end);
        Assert.Equal(TimeSpan.FromSeconds(30), responding.TimerIn(TimerNames.NextAttempt));
        responding.TimerRings(TimerNames.NextAttempt).CallEnds(end);
        Assert.Equal(TimeSpan.FromSeconds(120), responding.TimerIn(TimerNames.NextAttempt));
        responding.TimerRings(TimerNames.NextAttempt).CallEnds(end);

        Assert.Equal(3, responding.Of<PlaceCall>().Count());
        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
        Assert.NotNull(responding.State.Flag);
        Assert.All(responding.State.Attempts, a => Assert.Equal(outcome, a.Outcome));
        Assert.False(responding.HasTimer(TimerNames.NextAttempt));
        Assert.Contains("could not be reached in 3 calls", Assert.Single(responding.Notes), StringComparison.Ordinal);
        Assert.Empty(responding.Of<UpdateTicket>());
    }

    [Fact]
    public void The_schedule_is_configurable()
    {
        var responding = Responding.To(options: o => (o.Attempts, o.RetryDelays) = (2, [TimeSpan.FromSeconds(5)])).CallEnds(CallEnd.Busy);
        Assert.Equal(TimeSpan.FromSeconds(5), responding.TimerIn(TimerNames.NextAttempt));

        responding.TimerRings(TimerNames.NextAttempt).CallEnds(CallEnd.Busy);
        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
    }

    [Theory]
    [InlineData(21211)]
    [InlineData(21217)]
    [InlineData(21214)]
    public void A_bad_number_is_flagged_at_once(int code)
    {
        var responding = Responding.To().CallEnds(CallEnd.Failed, code, "not valid");

        Assert.Equal(IncidentStatus.InvalidContact, responding.State.Status);
        Assert.Contains("Correct the phone number", responding.State.Flag!.Remedy, StringComparison.Ordinal);
        Assert.Contains($"Twilio error {code}", Assert.Single(responding.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(21215, "geographic permissions")]
    [InlineData(21219, "trial")]
    [InlineData(20003, "AuthToken")]
    public void A_fault_of_our_own_account_says_how_to_mend_it(int code, string remedy)
    {
        var responding = Responding.To().CallEnds(CallEnd.Failed, code);

        Assert.Equal(IncidentStatus.Failed, responding.State.Status);
        Assert.Contains(remedy, responding.State.Flag!.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_accepted_incident_is_in_progress_with_the_whole_story_in_its_note()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "202 555 0188" });
        responding.Says("Yes, that is right.");
        responding.Tool("send_whatsapp_message", new { confirmed = true });
        responding.Gets(new MessageStatusChanged(Responding.Id, responding.Of<SendMessage>().Single().Message, DeliveryStatus.Delivered, null, null));
        responding.Tool("record_responder", new { eta_minutes = 12 });
        responding.Facts = new Facts
        {
            Transcript =
            [
                new Turn(responding.Now, Speaker.Agent, "Do you accept?"),
                new Turn(responding.Now, Speaker.Responder, "Yes, I do.", Interrupted: true),
            ],
        };
        responding.Tool("end_call");
        responding.HangsUp(reason: "finished");

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Equal(TicketStatus.Pending, Assert.Single(responding.Of<UpdateTicket>(), update => update.Status is not null).Status);
        var note = Assert.Single(responding.Notes);
        Assert.Contains("Accepted by Officer Lee (Fire Department), phone +12025550123, at 2026-03-01 09:20:00 UTC", note, StringComparison.Ordinal);
        Assert.Contains("ETA: 12 minutes", note, StringComparison.Ordinal);
        Assert.Contains("WhatsApp to +12025550188: delivered", note, StringComparison.Ordinal);
        Assert.Contains("Agent: Do you accept?", note, StringComparison.Ordinal);
        Assert.Contains("Responder: Yes, I do. [interrupted]", note, StringComparison.Ordinal);
        Assert.Contains("to +12025550123: accepted", note, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromMinutes(17), responding.TimerIn(TimerNames.Eta));
        Assert.Null(responding.State.Flag);
        Assert.Equal("finished", Assert.Single(responding.Of<FinishCall>()).Reason);
    }

    [Fact]
    public void The_outcome_waits_for_the_stream_so_that_a_yes_in_the_last_second_counts()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.CallEnds(CallEnd.Completed);
        Assert.Null(responding.State.Attempts[0].Outcome);
        Assert.Equal(TimeSpan.FromSeconds(5), responding.TimerIn(TimerNames.Outcome));

        responding.Says("Yes.").Tool("accept_incident");
        responding.Gets(new MediaStopped(responding.Call, 1, "hangup"));
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_stream_whose_end_is_never_reported_holds_up_the_outcome_for_five_seconds_only()
    {
        var responding = Responding.To().IsAnswered().Accepts().CallEnds(CallEnd.Completed).TimerRings(TimerNames.Outcome);

        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_yes_after_the_outcome_still_counts()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.HangsUp();
        Assert.True(responding.HasTimer(TimerNames.NextAttempt));

        responding.Says("Yes.").Tool("accept_incident");
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.False(responding.HasTimer(TimerNames.NextAttempt));
        Assert.Equal(CallOutcome.Acknowledged, responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void A_declined_incident_goes_to_the_operator_and_stays_open()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.Tool("decline_incident", new { reason = "all units are out" });
        responding.HangsUp();

        Assert.Equal(IncidentStatus.Declined, responding.State.Status);
        Assert.Contains("all units are out", responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Empty(responding.Of<UpdateTicket>());
        Assert.Single(responding.Of<PlaceCall>());
    }

    [Fact]
    public void The_last_answer_counts_when_somebody_changes_their_mind()
    {
        var no = Responding.To().IsAnswered().Accepts();
        no.Tool("decline_incident", new { reason = "just got another call" });
        no.HangsUp();
        Assert.Equal(IncidentStatus.Declined, no.State.Status);

        var yes = Responding.To().IsAnswered();
        yes.Tool("retrieve_ticket");
        yes.Tool("decline_incident", new { reason = "busy" });
        yes.Says("No... well, I can.").Tool("accept_incident");
        yes.HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, yes.State.Status);
    }

    [Fact]
    public void A_wrong_number_is_an_invalid_contact()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("decline_incident", new { wrong_number = true });
        responding.HangsUp();

        Assert.Equal(IncidentStatus.InvalidContact, responding.State.Status);
        Assert.Contains("Correct the phone number", responding.State.Flag!.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Somebody_who_hangs_up_without_an_answer_is_called_again_sooner()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.HangsUp();

        Assert.Equal(CallOutcome.HungUp, responding.State.Attempts[0].Outcome);
        Assert.Equal(TimeSpan.FromSeconds(10), responding.TimerIn(TimerNames.NextAttempt));
    }

    [Fact]
    public void A_requested_call_back_comes_when_asked_and_costs_no_attempt()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.Tool("end_call", new { call_back_minutes = 7 });
        responding.HangsUp(reason: "finished");
        Assert.Equal(TimeSpan.FromMinutes(7), responding.TimerIn(TimerNames.NextAttempt));

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(IncidentStatus.Calling, responding.State.Status);
            responding.TimerRings(TimerNames.NextAttempt).CallEnds(CallEnd.NoAnswer);
        }

        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
        Assert.Equal(4, responding.State.Attempts.Count);
    }

    [Fact]
    public void Call_backs_do_not_go_on_for_ever()
    {
        var responding = Responding.To();
        var calls = 0;
        while (responding.State.Status == IncidentStatus.Calling && calls++ < 20)
        {
            responding.IsAnswered();
            responding.Tool("decline_incident", new { reason = "call me back in 5 minutes" });
            responding.HangsUp();
            if (responding.HasTimer(TimerNames.NextAttempt))
            {
                responding.TimerRings(TimerNames.NextAttempt);
            }
        }

        Assert.Equal(5, calls);
        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
    }

    [Fact]
    public void A_voicemail_hears_the_call_back_text_and_is_no_answer()
    {
        var responding = Responding.To().IsAnswered(AnsweredByKind.MachineEnd);
        Assert.Equal(responding.Call, Assert.Single(responding.Of<LeaveVoicemail>()).Call);

        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.MachineEnd)).HangsUp(reason: "voicemail");
        Assert.Single(responding.Of<LeaveVoicemail>());
        Assert.Equal(CallOutcome.Voicemail, responding.State.Attempts[0].Outcome);
        Assert.Equal(TimeSpan.FromSeconds(30), responding.TimerIn(TimerNames.NextAttempt));
    }

    [Fact]
    public void A_machine_whose_beep_is_never_reported_still_gets_the_text()
    {
        var responding = Responding.To().IsAnswered(AnsweredByKind.MachineStart);
        Assert.Empty(responding.Of<LeaveVoicemail>());

        responding.TimerRings(TimerNames.Voicemail);
        Assert.Single(responding.Of<LeaveVoicemail>());
    }

    [Fact]
    public void A_late_verdict_of_machine_does_not_cut_off_somebody_who_has_said_yes()
    {
        var responding = Responding.To().IsAnswered(by: null).Later(TimeSpan.FromSeconds(10)).Accepts();
        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.MachineEnd));

        Assert.Empty(responding.Of<LeaveVoicemail>());
        Assert.False(responding.Tool("record_responder", new { eta_minutes = 5 }).TryGetProperty("error", out _));
        responding.HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_late_verdict_of_machine_ends_the_telling()
    {
        var responding = Responding.To().IsAnswered(by: null).Later(TimeSpan.FromSeconds(10));
        responding.Tool("retrieve_ticket");
        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.MachineEnd));

        Assert.Single(responding.Of<LeaveVoicemail>());
        Assert.True(responding.Tool("accept_incident").TryGetProperty("error", out _));
    }

    [Fact]
    public void Events_may_come_twice_and_late()
    {
        var responding = Responding.To().CallEnds(CallEnd.Busy);
        var first = responding.State.Live!.Call;
        responding.CallEnds(CallEnd.Busy).Gets(new CallRinging(first)).Gets(new CallAnswered(first)).Gets(new MediaStopped(first, 1, "hangup"));
        Assert.Single(responding.State.Attempts);

        responding.TimerRings(TimerNames.NextAttempt);
        responding.Gets(new CallEnded(first, CallEnd.Busy, null, null, null)).Gets(new MediaStarted(first, 1, "b"));
        Assert.Equal(2, responding.State.Attempts.Count);
        Assert.Null(responding.State.Live!.End);
    }

    [Fact]
    public void An_answer_before_the_ringing_and_an_end_before_the_answer_are_understood()
    {
        var responding = Responding.To();
        responding.Gets(new MediaStarted(responding.Call, 1, "b")).Gets(new CallAnswered(responding.Call)).Gets(new CallRinging(responding.Call))
            .Gets(new AnsweredBy(responding.Call, AnsweredByKind.Unknown));
        Assert.NotNull(responding.State.Attempts[0].AnsweredAt);
        responding.Accepts().HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_completed_call_whose_stream_was_never_seen_is_a_hang_up_after_five_seconds()
    {
        var responding = Responding.To().CallEnds(CallEnd.Completed).TimerRings(TimerNames.Outcome);

        Assert.Equal(CallOutcome.HungUp, responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void A_queued_call_may_wait_for_its_turn()
    {
        var responding = Responding.To();
        responding.Facts = new Facts { Dial = "queued" };
        responding.TimerRings(TimerNames.CallOverdue);
        Assert.Null(responding.State.Flag);
        responding.TimerRings(TimerNames.CallOverdue);
        Assert.Contains("not dialled", responding.State.Flag!.Reason, StringComparison.Ordinal);

        responding.Gets(new CallRinging(responding.Call));
        Assert.Null(responding.State.Flag);
        Assert.Single(responding.Of<PlaceCall>());
    }

    [Fact]
    public void A_call_that_nobody_knows_is_asked_for_once_more_under_its_id_and_then_the_operator_is_told()
    {
        var responding = Responding.To().TimerRings(TimerNames.CallOverdue);
        Assert.Equal(2, responding.Of<PlaceCall>().Count());
        Assert.Single(responding.Of<PlaceCall>().Select(p => p.Call).Distinct());

        responding.TimerRings(TimerNames.CallOverdue).TimerRings(TimerNames.CallOverdue);
        Assert.NotNull(responding.State.Flag);
        Assert.Equal(2, responding.Of<PlaceCall>().Count());
        Assert.Null(responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void A_call_that_was_placed_and_never_heard_of_again_counts_as_an_attempt()
    {
        var responding = Responding.To();
        responding.Facts = new Facts { Dial = "placed" };
        responding.TimerRings(TimerNames.CallOverdue);

        Assert.Equal(CallOutcome.Unknown, responding.State.Attempts[0].Outcome);
        Assert.True(responding.HasTimer(TimerNames.NextAttempt));
        Assert.Single(responding.Of<EndCall>());
    }

    [Fact]
    public void A_call_that_never_reports_its_end_is_ended_and_its_yes_counts()
    {
        var responding = Responding.To().IsAnswered().Accepts().TimerRings(TimerNames.CallOverdue);

        Assert.Single(responding.Of<EndCall>());
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_call_that_moves_to_another_bridge_waits_for_its_newest_stream()
    {
        var responding = Responding.To().IsAnswered();
        responding.Gets(new MediaStopped(responding.Call, 1, "error")).Gets(new MediaStarted(responding.Call, 2, "b2"));
        responding.CallEnds(CallEnd.Completed);
        Assert.Null(responding.State.Attempts[0].Outcome);

        responding.Gets(new MediaStopped(responding.Call, 1, "late news of the old stream"));
        Assert.Null(responding.State.Attempts[0].Outcome);
        responding.Gets(new MediaStopped(responding.Call, 2, "hangup"));
        Assert.Equal(CallOutcome.HungUp, responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void The_keypad_counts_as_the_spoken_word()
    {
        var accepted = Responding.To();
        accepted.Gets(new CallAnswered(accepted.Call)).Gets(new KeypadPressed(accepted.Call, "9", true)).Gets(new KeypadPressed(accepted.Call, "1", true)).CallEnds(CallEnd.Completed);
        accepted.TimerRings(TimerNames.Outcome);
        Assert.Equal(IncidentStatus.Acknowledged, accepted.State.Status);

        var declined = Responding.To();
        declined.Gets(new CallAnswered(declined.Call)).Gets(new KeypadPressed(declined.Call, "2", true)).CallEnds(CallEnd.Completed);
        declined.TimerRings(TimerNames.Outcome);
        Assert.Equal(IncidentStatus.Declined, declined.State.Status);
    }

    [Fact]
    public void A_key_during_the_conversation_is_confirmed_aloud_and_typed_digits_after_the_yes_are_no_answer()
    {
        var responding = Responding.To().IsAnswered();
        responding.Gets(new KeypadPressed(responding.Call, "1"));
        Assert.Null(responding.State.Responder);

        responding.Tool("retrieve_ticket");
        responding.Gets(new KeypadPressed(responding.Call, "1"));
        Assert.Contains("accepted", Assert.Single(responding.Of<SayNews>()).Text, StringComparison.Ordinal);
        Assert.Equal("coordination", responding.State.Live!.Stage);

        responding.Gets(new KeypadPressed(responding.Call, "2")).HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }
}
