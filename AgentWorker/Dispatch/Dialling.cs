using CityMonitor.AgentWorker.Flows;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Places calls, and decides whether and when the next one follows.</summary>
static class Dialling
{
    const int MostRedialsInARow = 2;

    public static void Dial(Decision d)
    {
        if (d.State.Fields.ResponderPhone is not { } to)
        {
            Reporting.Proceed(d);
            return;
        }

        var call = CallId.Of(d.State.Id, d.State.Attempts.Count + 1);
        d.Disarm(TimerNames.NextAttempt);
        d.State = d.State with
        {
            Status = IncidentStatus.Calling,
            Attempts = [.. d.State.Attempts, new CallAttempt(call, to, d.Now)],
            Live = new LiveCall(call, d.Flow.First.Name),
        };
        d.Sessions.Add(Sessions.Build(d.Flow, d.State, call, to, d.Options.Authority, d.Now));
        d.Publish(new PlaceCall(call, to, PriorityOf(d.State), d.Options.RingSeconds, d.Flow.Limits.MaxSeconds));
        d.Publish(new PrepareGreeting(call));
        d.Arm(TimerNames.CallOverdue, d.Options.NoNewsWait, call);
        d.Audit("call.requested", $"Call {Used(d)} of {d.Options.Attempts} to {to.Masked}.", call);
        var waited = d.Now - d.State.OpenedAt;
        if (d.State.Attempts.Count == 1)
        {
            d.Measurements.Add(() => AgentMetrics.Dialled(waited));
        }
    }

    /// <summary>Who was cut off in the middle of a call by a fault of ours comes before everybody else.</summary>
    static Priority PriorityOf(IncidentState state) => state.Attempts is [.., { LineLost: true }, _] ? Priority.Urgent : state.Ticket.Priority;

    /// <summary>A line that is lost again and again is not ours to save: then the ordinary schedule counts.</summary>
    public static bool MayRedialLostLine(IncidentState state) =>
        state.Attempts.SkipLast(1).Reverse().TakeWhile(a => a.LineLost).Count() < MostRedialsInARow;

    /// <summary>The call was lost with its bridge: redialled at once, first in the queue, and it costs no attempt.</summary>
    public static void RedialLostLine(Decision d)
    {
        d.ChangeAttempt(d.State.Attempts[^1].Call, a => a with { LineLost = true });
        d.Audit("call.redialled", "The line was lost without a yes or no; it is called again at once.", d.State.Attempts[^1].Call);
        Dial(d);
    }

    /// <summary>Attempts that count: this round's, without those that we cancelled, lines that we lost, and the call-backs that were asked for.</summary>
    static int Used(Decision d) =>
        Round(d).Count(a => a.Outcome is not CallOutcome.Cancelled && !a.LineLost && !(a.InboundSid is not null && a.Outcome is CallOutcome.HungUp or CallOutcome.NoAnswer)) - Math.Min(d.Options.CallBacks, Round(d).Count(a => a.Outcome is CallOutcome.CallBack));

    static IEnumerable<CallAttempt> Round(Decision d) => d.State.Attempts.Skip(d.State.RoundStart);

    /// <summary>After an attempt without an answer: the next one on schedule, or unreachable.</summary>
    public static void RetryOrGiveUp(Decision d, CallOutcome outcome, int? callBackMinutes)
    {
        var used = Used(d);
        if (used >= d.Options.Attempts)
        {
            var reason = $"The responder could not be reached in {d.Options.Attempts} {(d.Options.Attempts == 1 ? "call" : "calls")}.";
            d.Become(IncidentStatus.Unreachable, reason);
            d.Flag(reason, "Call the responder yourself, or correct the phone number in the ticket; a corrected number is called at once.");
            d.Note(TicketNotes.NotReached(d.State, d.Facts, reason));
            d.Measurements.Add(() => AgentMetrics.Outcome("unreachable"));
            return;
        }

        var delay = outcome switch
        {
            CallOutcome.CallBack => TimeSpan.FromMinutes(callBackMinutes ?? 2),
            CallOutcome.HungUp => d.Options.HungUpDelay,
            _ => d.Options.Delays[Math.Clamp(used - 1, 0, d.Options.Delays.Count - 1)],
        };
        d.Arm(TimerNames.NextAttempt, delay);
        d.Audit("call.scheduled", $"The next call follows in {delay.TotalSeconds:0} s.");
    }

    /// <summary>Ends a call that is queued, ringing or live because it is not wanted any more.</summary>
    public static void CancelAttempt(Decision d, LiveCall live, string why)
    {
        d.Publish(new EndCall(live.Call, why));
        d.ChangeAttempt(live.Call, a => a with { EndedAt = d.Now, Outcome = CallOutcome.Cancelled, Detail = why });
        d.Live = live with { Settled = true };
        DisarmCallTimers(d);
        d.Audit("call.cancelled", why, live.Call);
    }

    public static void DisarmCallTimers(Decision d)
    {
        d.Disarm(TimerNames.CallOverdue);
        d.Disarm(TimerNames.Outcome);
        d.Disarm(TimerNames.Verdict);
        d.Disarm(TimerNames.Voicemail);
    }

    /// <summary>The call is under way after all: what the operator was told of its waiting is over.</summary>
    public static void IsDialled(Decision d) => d.Unflag(PassingCauses.NotDialled);

    public static void NextAttemptDue(Decision d)
    {
        if (d.State.Status is IncidentStatus.Calling or IncidentStatus.Reported && d.Live is null or { Settled: true })
        {
            Dial(d);
        }
    }

    /// <summary>Nothing was heard of a call for too long: asks what TelephonyApi knows of it and goes on from there.</summary>
    public static void CallOverdueDue(Decision d, CallId? call)
    {
        if (d.Live is not { Settled: false } live || live.Call != call)
        {
            return;
        }

        var attempt = d.State.Attempts.Last(a => a.Call == live.Call);
        var known = live.AnsweredAt is null ? d.Facts.Dial : "placed";
        switch (known)
        {
            // It waits for its turn, or for TelephonyApi: PlaceCall stands in its stream and is dialled as soon as that is possible.
            case "queued" or null:
                if (known is null && !live.PlacedAgain)
                {
                    d.Live = live with { PlacedAgain = true };
                    d.Publish(new PlaceCall(live.Call, attempt.To, PriorityOf(d.State), d.Options.RingSeconds, d.Flow.Limits.MaxSeconds));
                    d.Audit("call.requested-again", "Nothing is known of the call; it was asked for again under the same id.", live.Call);
                }
                else if (d.Now - attempt.At >= 2 * d.Options.NoNewsWait)
                {
                    d.Flag("The call has been waiting for minutes and is still not dialled.",
                        "Call the responder yourself, and look at TelephonyApi and the dial queue; the call is still made when its turn comes.", PassingCauses.NotDialled);
                }

                d.Arm(TimerNames.CallOverdue, d.Options.NoNewsWait, live.Call);
                break;
            default:
                d.Publish(new EndCall(live.Call, "overdue"));
                d.Live = live with { End = new EndedCall(CallEnd.Unknown, null, "no word of how it ended", null, d.Now) };
                Outcomes.Settle(d);
                break;
        }
    }
}
