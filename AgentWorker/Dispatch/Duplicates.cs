using System.Security.Cryptography;
using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Two tickets of one event make one call; the second incident follows the first one's outcome and is never lost.</summary>
static class Duplicates
{
    /// <summary>What makes two reports one event; null where too little is known to tell. Two cameras may see one event; a camera stands in for a missing address.</summary>
    public static string? EventHash(IncidentFields fields)
    {
        if (fields.ResponderPhone is not { } phone || (fields.Address is null && fields.CameraId is null))
        {
            return null;
        }

        var text = string.Join('\n', phone.Value, Plain(fields.Type), Plain(fields.Address ?? fields.CameraId));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }

    static string Plain(string? text) => string.Concat((text ?? "").Where(char.IsLetterOrDigit)).ToUpperInvariant();

    public static void Link(Decision d, IncidentState primary)
    {
        d.Unflag();
        d.State = d.State with { DuplicateOf = primary.Id };
        d.Audit("incident.duplicate", $"The same event as {primary.Id}; no second call.");
        d.Note(TicketNotes.Linked(primary));
        d.Arm(TimerNames.Duplicate, d.Options.DuplicateCheck);
    }

    public static void CheckDue(Decision d)
    {
        if (d.State is { DuplicateOf: not null, Status: IncidentStatus.Acknowledged })
        {
            FollowAccepted(d);
            return;
        }

        if (d.State.DuplicateOf is not { } id || d.State.Status is not IncidentStatus.Reported)
        {
            return;
        }

        switch (d.Facts.Primary)
        {
            // Gone with its state, or it never was an incident: this one stands alone now.
            case null:
            case { Status: IncidentStatus.Withdrawn, WithdrawnReason: "spam" or "deleted" }:
                d.State = d.State with { DuplicateOf = null };
                d.Audit("incident.unlinked", $"{id} is gone; this incident is dispatched by itself.");
                Dialling.Dial(d);
                break;
            case { Status: IncidentStatus.Withdrawn } primary:
                FlagLeftOpen(d, primary);
                break;
            case { Status: IncidentStatus.Acknowledged } primary:
                d.State = d.State with { Responder = primary.Responder, AcknowledgedAt = primary.AcknowledgedAt };
                d.Become(IncidentStatus.Acknowledged, $"Accepted in the call of {primary.Id}.");
                d.TicketInProgress();
                d.Note(TicketNotes.FollowedAcknowledged(primary));
                KeepFollowing(d);
                break;
            case { Status: IncidentStatus.Declined or IncidentStatus.Unreachable or IncidentStatus.InvalidContact or IncidentStatus.Failed } primary:
                var reason = primary.Flag?.Reason ?? $"The call about ticket {primary.Ticket.TicketId} ended {primary.Status.ToString().ToLowerInvariant()}.";
                d.State = d.State with { DuplicateOf = null };
                d.Become(primary.Status, reason);
                d.Flag(reason, primary.Flag?.Remedy ?? "Call the responder yourself, or correct the phone number in the ticket.");
                d.Note($"Ticket {primary.Ticket.TicketId} reports the same event. {reason} Nobody has accepted it; the ticket stays open.");
                break;
            case { DuplicateOf: not null, Status: IncidentStatus.Reported } primary when primary.DuplicateOf == d.State.Id:
                d.State = d.State with { DuplicateOf = null };
                Dialling.Dial(d);
                break;
            default:
                d.Arm(TimerNames.Duplicate, d.Options.DuplicateCheck);
                break;
        }
    }

    /// <summary>The yes speaks for this one too; until the ticket is finished it may still be taken back.</summary>
    public static void KeepFollowing(Decision d)
    {
        d.Arm(TimerNames.OpenTicket, d.Options.OpenTicketCheck);
        d.Arm(TimerNames.Duplicate, d.Options.DuplicateCheck);
    }

    static void FollowAccepted(Decision d)
    {
        switch (d.Facts.Primary)
        {
            case { Status: IncidentStatus.Acknowledged } primary:
                var arrivedNow = d.State.ArrivedAt is null && primary.ArrivedAt is not null;
                d.State = d.State with { Responder = primary.Responder, ArrivedAt = primary.ArrivedAt ?? d.State.ArrivedAt };
                if (arrivedNow)
                {
                    d.MarkAccepted();
                }

                d.Arm(TimerNames.Duplicate, d.Options.DuplicateCheck);
                break;
            // Gone, or it never was an incident: the yes stands, and from now on this one asks whether they have arrived.
            case null:
            case { Status: IncidentStatus.Withdrawn, WithdrawnReason: "spam" or "deleted" }:
                d.Audit("incident.unlinked", $"{d.State.DuplicateOf} is gone; this incident is followed up by itself.");
                d.State = d.State with { DuplicateOf = null };
                if (d.State.ArrivedAt is null)
                {
                    FollowUp.ArmEta(d);
                }

                break;
            case { Status: IncidentStatus.Withdrawn } primary:
                FlagLeftOpen(d, primary);
                break;
            case { } primary:
                d.State = d.State with { AcknowledgedAt = null, ArrivedAt = null, Responder = null };
                d.Disarm(TimerNames.OpenTicket);
                d.Become(IncidentStatus.Reported, $"The yes in the call of {primary.Id} was taken back.");
                d.TicketOpenAgain();
                d.Note($"The responder who had accepted in the call about ticket {primary.Ticket.TicketId} does not come after all. This ticket is open again and goes on following that one.");
                CheckDue(d);
                break;
        }
    }

    static void FlagLeftOpen(Decision d, IncidentState primary)
    {
        d.Flag($"Ticket {primary.Ticket.TicketId} of the same event was {primary.WithdrawnReason}, this one is still open.",
            "Resolve this ticket too, or change it (for example its address) to have the responder called.");
        d.State = d.State with { DuplicateOf = null };
    }
}
