using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

/// <summary>A responder whom we did not reach calls back.</summary>
public sealed class CallBackTests
{
    static readonly PhoneNumber ours = PhoneNumber.Parse("+12025550100");

    static ResponderCalled Calls(string sid = "CA7", PhoneNumber? from = null) => new(Responding.Id, sid, from ?? Responding.Phone, ours);

    [Fact]
    public void Between_two_attempts_the_call_back_is_the_next_one_and_nobody_is_dialled()
    {
        var responding = Responding.To();
        responding.Gets(new CallEnded(responding.Call, CallEnd.NoAnswer, null, null, null));
        Assert.True(responding.HasTimer(TimerNames.NextAttempt));
        responding.Gets(Calls());

        var answer = Assert.Single(responding.Of<AnswerCall>());
        Assert.Equal((CallId.Of(Responding.Id, 2), "CA7"), (answer.Call, answer.CallSid));
        Assert.False(responding.HasTimer(TimerNames.NextAttempt));
        Assert.Single(responding.Of<PlaceCall>());
        var session = Assert.Single(responding.Last.Sessions);
        Assert.Equal(("inbound", "incident-dispatch", Responding.Id), (session.Direction, session.Flow, session.Incident));
        Assert.Empty(responding.Of<EndCall>());
    }

    [Fact]
    public void A_call_of_ours_that_still_waits_or_rings_is_cancelled_first()
    {
        var responding = Responding.To();
        var ringing = responding.Call;
        responding.Gets(new CallRinging(ringing)).Gets(Calls());
        Assert.Equal(ringing, Assert.Single(responding.Of<EndCall>()).Call);
        Assert.Equal([CallOutcome.Cancelled, null], responding.State.Attempts.Select(attempt => attempt.Outcome));
        responding.Gets(new CallEnded(ringing, CallEnd.Canceled, null, null, null));
        Assert.Equal(CallId.Of(Responding.Id, 2), responding.Call);
        Assert.Single(responding.Of<PlaceCall>());
    }

    [Fact]
    public void They_accept_as_on_any_call()
    {
        var responding = Responding.To();
        responding.Gets(new CallEnded(responding.Call, CallEnd.NoAnswer, null, null, null)).Gets(Calls());
        responding.Gets(new MediaStarted(responding.Call, 1, "b1"));
        Assert.Contains("address", responding.Tool("retrieve_ticket").ToString(), StringComparison.Ordinal);
        responding.Gets(new KeypadPressed(responding.Call, "1", InKeypadMode: true));
        responding.Gets(new MediaStopped(responding.Call, 1, "finished")).Gets(new CallEnded(responding.Call, CallEnd.Completed, 40, null, null));
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.Contains(responding.Notes, note => note.Contains("Accepted by", StringComparison.Ordinal));
    }

    [Fact]
    public void One_who_counted_as_unreachable_is_taken_too_and_the_operator_is_told_only_of_what_still_holds()
    {
        var responding = Responding.To(options: options => options.Attempts = 1);
        responding.Gets(new CallEnded(responding.Call, CallEnd.NoAnswer, null, null, null));
        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
        responding.Gets(Calls());
        Assert.Equal((IncidentStatus.Calling, (OperatorFlag?)null), (responding.State.Status, responding.State.Flag));
        responding.Gets(new CallEnded(responding.Call, CallEnd.Completed, 3, null, null)).TimerRings(TimerNames.Outcome);
        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
        Assert.NotNull(responding.State.Flag);
    }

    [Fact]
    public void A_call_back_that_comes_to_nothing_costs_none_of_our_calls()
    {
        var responding = Responding.To(options: options => options.Attempts = 2);
        responding.Gets(new CallEnded(responding.Call, CallEnd.NoAnswer, null, null, null)).Gets(Calls());
        responding.Gets(new CallEnded(responding.Call, CallEnd.Completed, 3, null, null)).TimerRings(TimerNames.Outcome);
        Assert.Equal(IncidentStatus.Calling, responding.State.Status);
        Assert.True(responding.HasTimer(TimerNames.NextAttempt));
    }

    [Fact]
    public void The_last_report_of_the_call_before_need_not_have_come()
    {
        var responding = Responding.To();
        responding.Gets(new CallAnswered(responding.Call)).Gets(new CallEnded(responding.Call, CallEnd.Completed, 3, null, null));
        Assert.True(responding.HasTimer(TimerNames.Outcome));
        responding.Gets(Calls());
        Assert.Single(responding.Of<AnswerCall>());
        Assert.False(responding.HasTimer(TimerNames.NextAttempt));
    }

    [Fact]
    public void The_same_call_told_twice_is_one_attempt()
    {
        var responding = Responding.To();
        responding.Gets(new CallEnded(responding.Call, CallEnd.NoAnswer, null, null, null)).Gets(Calls()).Gets(Calls());
        Assert.Equal(2, responding.State.Attempts.Count);
        Assert.Single(responding.Of<AnswerCall>());
    }

    [Fact]
    public void Who_is_not_the_responder_or_is_not_needed_reaches_the_reception()
    {
        var stranger = Responding.To();
        stranger.Gets(new CallEnded(stranger.Call, CallEnd.NoAnswer, null, null, null)).Gets(Calls(from: PhoneNumber.Parse("+12025550199")));
        var talking = Responding.To();
        talking.IsAnswered().Gets(Calls());
        var accepted = Responding.To();
        accepted.IsAnswered().Gets(new KeypadPressed(accepted.Call, "1", InKeypadMode: true)).Gets(new MediaStopped(accepted.Call, 1, "finished"))
            .Gets(new CallEnded(accepted.Call, CallEnd.Completed, 40, null, null)).Gets(Calls());
        foreach (var responding in new[] { stranger, talking, accepted })
        {
            Assert.Equal(CallId.Inbound("CA7"), Assert.Single(responding.Of<CallReceived>()).Call);
            Assert.Equal(CallId.Inbound("CA7"), Assert.Single(responding.Of<AnswerCall>()).Call);
            Assert.Single(responding.State.Attempts);
        }
    }
}
