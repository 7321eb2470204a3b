using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>
/// Redis has lost an incident whose ticket still carries our mark of a yes: it is taken up where it was, without a call. What the responder
/// said is gone but for the ETA; the notes in the ticket have it.
/// </summary>
static class Restoring
{
    public static void Accepted(Decision d, TicketAcceptance acceptance)
    {
        TicketFacts.Take(d);
        var at = d.State.Ticket.UpdatedAt;
        d.State = d.State with
        {
            AcknowledgedAt = at,
            ArrivedAt = acceptance.Arrived ? at : null,
            Responder = ResponderRecord.Empty with { AcceptedAt = at, EtaAt = acceptance.EtaAt },
        };
        d.Become(IncidentStatus.Acknowledged, $"Nothing was known of ticket {d.State.Ticket.TicketId} any more, and it carries the mark of a yes: taken up again without a call.");
        d.Measurements.Add(() => AgentMetrics.Repaired("restored"));
        if (d.Facts.Primary is { Status: IncidentStatus.Acknowledged } primary)
        {
            // One event, one question whether they have arrived.
            d.State = d.State with { DuplicateOf = primary.Id };
            Duplicates.KeepFollowing(d);
        }
        else if (acceptance.Arrived)
        {
            d.Arm(TimerNames.OpenTicket, d.Options.OpenTicketCheck);
        }
        else
        {
            FollowUp.ArmEta(d);
        }
    }
}
