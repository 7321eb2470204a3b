using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Sweep;

/// <summary>Every open incident has a queued or live call, a due timer or an operator's flag. Proven each minute; what is broken is repaired.</summary>
static class Invariant
{
    /// <summary>A timer that has not come this long after its time is lost.</summary>
    static readonly TimeSpan lostAfter = TimeSpan.FromSeconds(90);

    static readonly TimeSpan onItsWay = TimeSpan.FromSeconds(10);

    public static void Prove(Decision d)
    {
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            return;
        }

        foreach (var timer in d.State.Timers.Where(t => t.DueAt + lostAfter < d.Now).ToList())
        {
            Repaired(d, $"lost-timer", $"The timer {timer.Name} did not come; done now.");
            d.State = d.State with { Timers = [.. d.State.Timers.Where(t => t.Name != timer.Name)] };
            IncidentDecisions.Ring(d, timer);
        }

        // A timer that the state knows and Redis does not: set again. Close to its time it is just on its way to us.
        foreach (var timer in d.State.Timers.Where(t => d.Facts.TimersSet?.Contains(t.Name) == false && t.DueAt > d.Now + onItsWay).ToList())
        {
            Repaired(d, "missing-timer", $"The timer {timer.Name} was not set any more; set again.");
            d.Arm(timer.Name, timer.DueAt - d.Now, timer.Call);
        }

        if (d.Live is { Settled: false } live)
        {
            if (d.State.Timers.All(t => t.Name is not (TimerNames.CallOverdue or TimerNames.Outcome)))
            {
                Repaired(d, "unwatched-call", "A call had nothing to end its wait.");
                d.Arm(live.End is null ? TimerNames.CallOverdue : TimerNames.Outcome, TimeSpan.Zero, live.Call);
            }

            return;
        }

        if (d.State.Flag is not null || d.State.Timers.Any(t => t.Name != TimerNames.Messages))
        {
            return;
        }

        Repaired(d, "nothing-pending", $"Nothing was going to happen any more (state {d.State.Status}).");
        switch (d.State.Status)
        {
            case IncidentStatus.Reported or IncidentStatus.Calling:
                Reporting.Proceed(d);
                break;
            case IncidentStatus.Acknowledged when d.State.ArrivedAt is null && d.State.DuplicateOf is null:
                FollowUp.ArmEta(d);
                break;
            case IncidentStatus.Acknowledged:
                d.Arm(TimerNames.OpenTicket, d.Options.OpenTicketCheck);
                break;
            default:
                d.Flag($"Nobody has accepted this incident ({d.State.Status}).", "Call the responder yourself, or correct the phone number in the ticket; a corrected number is called at once.");
                break;
        }
    }

    static void Repaired(Decision d, string what, string text)
    {
        d.Audit("incident.repaired", text);
        d.Measurements.Add(() => AgentMetrics.Repaired(what));
    }
}
