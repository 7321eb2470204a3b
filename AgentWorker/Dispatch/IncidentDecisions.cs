using CityMonitor.AgentWorker.Sweep;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Which decision belongs to which message: the whole of what AgentWorker does to a known incident, in one list.</summary>
static class IncidentDecisions
{
    public static void Decide(Decision d, AgentMessage message)
    {
        switch (message)
        {
            case IncidentReported m:
                Reported(d, m.Ticket);
                break;
            case IncidentChanged m:
                Reported(d, m.Ticket);
                break;
            case IncidentWithdrawn m:
                Withdrawal.Decide(d, m);
                break;
            case IncidentSwept:
                Invariant.Prove(d);
                break;
            case TimerDue m:
                Due(d, m);
                break;
            case ResponderCalled m:
                CallBacks.Decide(d, m);
                break;
            case CallPlaced m:
                Conversation.Placed(d, m);
                break;
            case CallRinging m:
                Conversation.Ringing(d, m);
                break;
            case CallAnswered m:
                Conversation.Answered(d, m);
                break;
            case AnsweredBy m:
                Conversation.WhoAnswered(d, m);
                break;
            case CallEnded m:
                Conversation.Ended(d, m);
                break;
            case KeypadPressed m:
                Conversation.Keys(d, m);
                break;
            case MediaStarted m:
                Conversation.StreamStarted(d, m);
                break;
            case MediaStopped m:
                Conversation.StreamStopped(d, m);
                break;
            case UserTurn m:
                Conversation.StreamSeen(d, m.Call, m.Stream);
                break;
            case ToolRequested m:
                ToolRunner.Requested(d, m);
                break;
            case ToolCancelled m:
                ToolRunner.Cancelled(d, m);
                break;
            case MessageStatusChanged m:
                TextMessages.StatusChanged(d, m);
                break;
            case MessageReceived m:
                TextMessages.Received(d, m);
                break;
            case EraseFromIncident m:
                Forgetting.Decide(d, m.Number);
                break;
            case DeadLettered m:
                GivenUp(d, m);
                break;
            default:
                break;
        }
    }

    /// <summary>Some part gave a message of this incident up: a person has to look.</summary>
    static void GivenUp(Decision d, DeadLettered m)
    {
        var error = Spoken.Clean(m.Error) ?? "no reason given";
        d.Audit("incident.dead-letter", $"{m.Type} was given up: {error}");
        if (d.State.Status != IncidentStatus.Withdrawn)
        {
            d.Flag($"A step of this incident ({m.Type}) could not be done: {error}.", "Look at the dead letters, replay it when the cause is gone, and see to the incident yourself meanwhile.");
            d.Note($"City Monitor could not do a step of this incident ({m.Type}): {error}. The operator is told; the ticket stays open.");
        }
    }

    static void Reported(Decision d, TicketSnapshot ticket)
    {
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            Reporting.Reopened(d, ticket);
        }
        else if (d.State.Ticket.Version != ticket.Version)
        {
            Reporting.Changed(d, ticket);
        }
        else
        {
            // A known version, republished every ten minutes: nothing new, and a good moment to prove that it is in hand.
            Invariant.Prove(d);
        }
    }

    /// <summary>Only a timer that the state still knows is due: one that was cancelled or moved while it was on its way is not.</summary>
    static void Due(Decision d, TimerDue m)
    {
        if (d.State.Timers.FirstOrDefault(t => t.Name == m.Name) is not { } armed || armed.Call != m.Call)
        {
            return;
        }

        d.State = d.State with { Timers = [.. d.State.Timers.Where(t => t.Name != m.Name)] };
        Ring(d, armed);
    }

    public static void Ring(Decision d, ArmedTimer timer)
    {
        switch (timer.Name)
        {
            case TimerNames.NextAttempt:
                Dialling.NextAttemptDue(d);
                break;
            case TimerNames.CallOverdue:
                Dialling.CallOverdueDue(d, timer.Call);
                break;
            case TimerNames.Outcome:
                Outcomes.OutcomeDue(d, timer.Call);
                break;
            case TimerNames.Verdict:
                ToolRunner.AnswerPending(d);
                break;
            case TimerNames.Voicemail:
                Conversation.LeaveVoicemail(d);
                break;
            case TimerNames.Eta:
                FollowUp.EtaDue(d);
                break;
            case TimerNames.EtaReply:
                FollowUp.EtaReplyDue(d);
                break;
            case TimerNames.Duplicate:
                Duplicates.CheckDue(d);
                break;
            case TimerNames.OpenTicket:
                FollowUp.OpenTicketDue(d);
                break;
            case TimerNames.Messages:
                TextMessages.MessagesDue(d);
                break;
            default:
                break;
        }
    }
}
