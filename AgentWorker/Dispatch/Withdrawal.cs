using CityMonitor.AgentWorker.PickUp;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Somebody resolved, closed or deleted the ticket: nothing more is done, and whoever is on the phone is told.</summary>
static class Withdrawal
{
    public static void Decide(Decision d, IncidentWithdrawn m)
    {
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            return;
        }

        var live = d.Live is { Settled: false } ? d.Live : null;
        d.DisarmAll();
        d.Unflag();
        var reason = Spoken.Clean(m.Reason) ?? "closed";
        d.State = d.State with { WithdrawnReason = reason };
        d.Become(IncidentStatus.Withdrawn, $"The ticket was {reason} by somebody else.");
        d.Measurements.Add(() => AgentMetrics.Outcome("withdrawn"));
        if (live is null)
        {
            return;
        }

        if (Conversation.IsLive(d) is { Stream: > 0 } talking && !Conversation.IsMachine(talking) && !FirstWords.IsNobody(talking))
        {
            // Before the incident was told, whoever answered learns only that the call is over.
            d.Publish(new SayNews(live.Call, live.Stage == d.Flow.First.Name
                ? "The matter of this call has just been settled. You do not need to do anything. Thank you, goodbye."
                : "This incident has just been settled by somebody else. You do not need to do anything more. Thank you, goodbye."));
            d.Publish(new FinishCall(live.Call, "withdrawn"));
            d.Arm(TimerNames.CallOverdue, TimeSpan.FromSeconds(60), live.Call);
            d.Audit("call.finishing", "The responder is told that the incident is settled.", live.Call);
            return;
        }

        Dialling.CancelAttempt(d, live, $"the ticket was {reason}");
    }
}
