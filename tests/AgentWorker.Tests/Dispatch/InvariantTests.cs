using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class InvariantTests
{
    static Responding Broken(Func<Responding, Responding> until)
    {
        var responding = until(Responding.To());
        responding.State = responding.State with { Timers = [], Flag = null };
        return responding.Gets(new IncidentSwept(Responding.Id));
    }

    static bool Repaired(Responding responding) => responding.Last.Messages.OfType<AuditEntry>().Any(a => a.Kind == "incident.repaired");

    [Fact]
    public void An_incident_in_hand_is_left_alone()
    {
        foreach (var responding in new[] { Responding.To(), Responding.To().CallEnds(CallEnd.Busy), Responding.To(Responding.Ticket(phone: null)) })
        {
            responding.Facts = new Facts { TimersSet = [.. responding.State.Timers.Select(t => t.Name)] };
            responding.Gets(new IncidentSwept(Responding.Id));
            Assert.Empty(responding.Last.Messages);
            Assert.Empty(responding.Last.Timers);
        }
    }

    [Fact]
    public void An_incident_that_waits_for_nothing_is_called() =>
        Assert.Equal(2, Broken(r => r.CallEnds(CallEnd.Busy)).Of<PlaceCall>().Count());

    [Fact]
    public void An_acknowledged_incident_gets_its_check_back()
    {
        var responding = Broken(r => r.IsAnswered().Accepts().HangsUp());

        Assert.True(Repaired(responding));
        Assert.True(responding.HasTimer(TimerNames.Eta));
    }

    [Fact]
    public void An_unreachable_one_gets_its_flag_back()
    {
        var responding = Broken(r => r.CallEnds(CallEnd.Failed, 21217));

        Assert.NotNull(responding.State.Flag);
        Assert.Single(responding.Of<PlaceCall>());
    }

    [Fact]
    public void A_live_call_that_nothing_watches_is_looked_into()
    {
        var responding = Broken(r => r.IsAnswered());

        Assert.True(Repaired(responding));
        Assert.True(responding.HasTimer(TimerNames.CallOverdue));
    }

    [Fact]
    public void A_timer_that_never_came_is_done_by_the_sweep()
    {
        var responding = Responding.To().CallEnds(CallEnd.Busy).Later(TimeSpan.FromMinutes(5));
        responding.Gets(new IncidentSwept(Responding.Id));

        Assert.True(Repaired(responding));
        Assert.Equal(2, responding.Of<PlaceCall>().Count());
    }

    [Fact]
    public void A_timer_that_redis_lost_is_set_again()
    {
        var responding = Responding.To().IsAnswered().Accepts().HangsUp(reason: "finished");
        responding.Facts = new Facts { TimersSet = [] };
        responding.Gets(new IncidentSwept(Responding.Id));

        Assert.Equal(TimerNames.Eta, Assert.Single(responding.Last.Timers).Timer.Name);
        Assert.True(Repaired(responding));
    }

    [Fact]
    public void A_timer_that_was_cancelled_on_its_way_does_nothing()
    {
        var responding = Responding.To();
        responding.Gets(new TimerDue(Responding.Id.Value, TimerNames.NextAttempt)).Gets(new TimerDue(Responding.Id.Value, TimerNames.CallOverdue, CallId.Of(Responding.Id, 9)));

        Assert.Single(responding.Of<PlaceCall>());
    }

    [Fact]
    public void A_dead_letter_is_flagged_and_noted()
    {
        var responding = Responding.To().Gets(new DeadLettered(Responding.Id.Value, "SendMessage", "5 failures"));

        Assert.Contains("SendMessage", responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Contains("stays open", Assert.Single(responding.Notes), StringComparison.Ordinal);
    }
}
