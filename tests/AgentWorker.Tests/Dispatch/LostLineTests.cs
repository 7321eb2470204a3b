using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class LostLineTests
{
    static void LosesItsBridge(Responding responding, string? reason)
    {
        responding.IsAnswered();
        if (reason is not null)
        {
            responding.Gets(new MediaStopped(responding.Call, 1, reason)).Later(TimeSpan.FromSeconds(9)).CallEnds(CallEnd.Completed);
        }
        else
        {
            responding.CallEnds(CallEnd.Completed).TimerRings(TimerNames.Outcome);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("error")]
    [InlineData("drain")]
    [InlineData("engine-failed")]
    public void A_call_that_is_lost_with_its_bridge_is_redialled_at_once_first_in_the_queue_and_twice_at_most(string? reason)
    {
        var responding = Responding.To(Responding.Ticket(priority: Priority.Low));
        for (var lost = 1; lost <= 2; lost++)
        {
            LosesItsBridge(responding, reason);
            Assert.Equal(lost + 1, responding.Of<PlaceCall>().Count());
            Assert.Equal(Priority.Urgent, responding.Of<PlaceCall>().Last().Priority);
            Assert.Equal("the line was lost", responding.State.Attempts[lost - 1].Detail);
        }

        LosesItsBridge(responding, reason);
        Assert.Equal(3, responding.Of<PlaceCall>().Count());
        Assert.Equal(TimeSpan.FromSeconds(10), responding.TimerIn(TimerNames.NextAttempt));

        for (var ordinary = 0; ordinary < 2; ordinary++)
        {
            Assert.Equal(IncidentStatus.Calling, responding.State.Status);
            responding.TimerRings(TimerNames.NextAttempt).CallEnds(CallEnd.NoAnswer);
            Assert.Equal(Priority.Low, responding.Of<PlaceCall>().Last().Priority);
        }

        Assert.Equal(IncidentStatus.Unreachable, responding.State.Status);
        Assert.Equal(5, responding.Of<PlaceCall>().Count());
    }

    [Fact]
    public void A_line_that_was_lost_long_before_the_end_or_after_an_answer_is_not_redialled()
    {
        var keypad = Responding.To().IsAnswered();
        keypad.Gets(new MediaStopped(keypad.Call, 1, "engine-failed")).Later(TimeSpan.FromSeconds(11)).CallEnds(CallEnd.Completed);
        Assert.Single(keypad.Of<PlaceCall>());
        Assert.True(keypad.HasTimer(TimerNames.NextAttempt));

        var accepted = Responding.To().IsAnswered().Accepts();
        accepted.CallEnds(CallEnd.Completed).TimerRings(TimerNames.Outcome);
        Assert.Equal(IncidentStatus.Acknowledged, accepted.State.Status);
        Assert.Single(accepted.Of<PlaceCall>());
    }
}
