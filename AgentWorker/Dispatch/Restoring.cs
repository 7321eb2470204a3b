using CityMonitor.AgentWorker.Flows;
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
            Informed = acceptance.Informed,
            ArrivedAt = acceptance.Arrived ? at : null,
            Responder = ResponderRecord.Empty with { AcceptedAt = at, EtaAt = acceptance.EtaAt },
        };
        d.Measurements.Add(() => AgentMetrics.Repaired("restored"));
        if (acceptance.DuringCall is { } number && d.State.Fields.ResponderPhone is { } to)
        {
            OnThePhone(d, number, to);
            return;
        }

        d.State = d.State with { AcknowledgedAt = at };
        d.Become(IncidentStatus.Acknowledged, $"Nothing was known of ticket {d.State.Ticket.TicketId} any more, and it carries the mark of a yes: taken up again without a call.");
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

    /// <summary>
    /// The call in which the yes was said may still go on: its tools work from where the yes leads to. TelephonyApi has forgotten it too, so
    /// nobody will tell how it ends: its stream's end settles it, or time.
    /// </summary>
    static void OnThePhone(Decision d, int number, PhoneNumber to)
    {
        var call = CallId.Of(d.State.Id, number);
        var stage = d.Flow.Stages.Select(stage => stage.LeadsTo.GetValueOrDefault("accept_incident")).FirstOrDefault(name => name is not null) ?? d.Flow.First.Name;
        var forgotten = Enumerable.Range(1, number - 1).Select(earlier =>
            new CallAttempt(CallId.Of(d.State.Id, earlier), to, d.Now, EndedAt: d.Now, Outcome: CallOutcome.Unknown, Detail: "Redis has lost what became of it"));
        d.State = d.State with
        {
            Attempts = [.. forgotten, new CallAttempt(call, to, d.Now, AnsweredAt: d.Now)],
            Live = new LiveCall(call, stage) { AnsweredAt = d.Now, End = new EndedCall(CallEnd.Unknown, null, "Redis has lost the call; its yes stands on the ticket", null, d.Now) },
        };
        d.Become(IncidentStatus.Calling, $"Nothing was known of ticket {d.State.Ticket.TicketId} any more; by its mark a yes was said in call {number}, which may still go on.");
        d.Sessions.Add(Sessions.Build(d.Flow, d.State, call, to, d.Options.Authority, d.Now));
        d.Arm(TimerNames.Outcome, d.Options.NoNewsWait, call);
    }
}
