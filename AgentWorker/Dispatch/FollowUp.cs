using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>After the yes: has the responder arrived? And is the ticket ever finished?</summary>
static class FollowUp
{
    public static void ArmEta(Decision d)
    {
        var wait = d.State.Responder?.EtaAt is { } at ? at - d.Now + d.Options.EtaGrace : d.Options.NoEtaCheck;
        d.Disarm(TimerNames.EtaReply);
        d.Arm(TimerNames.Eta, wait);
    }

    public static void EtaDue(Decision d)
    {
        if (d.State is { Status: IncidentStatus.Acknowledged, ArrivedAt: null })
        {
            TextMessages.SendCheckIn(d);
            d.Arm(TimerNames.EtaReply, d.Options.EtaReplyWait);
        }
    }

    public static void EtaReplyDue(Decision d)
    {
        if (d.State is not { Status: IncidentStatus.Acknowledged, ArrivedAt: null })
        {
            return;
        }

        var who = d.State.Responder?.Name ?? "The responder";
        d.Flag($"{who} accepted but has not confirmed the arrival.", $"Call {LastNumber(d.State)} and ask; send somebody else if need be.");
        d.Note($"{who} accepted this incident but has not confirmed the arrival; the question was sent {d.Options.EtaReplyWait.TotalMinutes:0} minutes ago. The operator is told.");
    }

    static string LastNumber(IncidentState state) => state.Attempts.Count > 0 ? state.Attempts[^1].To.Value : state.Fields.ResponderPhone?.Value ?? "the responder";

    public static void Arrived(Decision d)
    {
        if (d.State is not { Status: IncidentStatus.Acknowledged, ArrivedAt: null })
        {
            return;
        }

        d.State = d.State with { ArrivedAt = d.Now };
        d.Disarm(TimerNames.Eta);
        d.Disarm(TimerNames.EtaReply);
        if (!TextMessages.HasFailed(d.State))
        {
            d.UnflagAllBut(PassingCauses.MessagesWait);
        }

        d.Audit("incident.arrived", $"{d.State.Responder?.Name ?? "The responder"} has arrived.");
        d.MarkAccepted();
        d.Note($"{d.State.Responder?.Name ?? "The responder"} confirmed the arrival at {d.Now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.");
        d.Arm(TimerNames.OpenTicket, d.Options.OpenTicketCheck);
    }

    public static void OpenTicketDue(Decision d)
    {
        if (d.State.Status == IncidentStatus.Acknowledged)
        {
            d.Flag("The responder has long been at work and the ticket is still open.", "Find out whether the incident is over, and resolve the ticket if it is.");
        }
    }
}
