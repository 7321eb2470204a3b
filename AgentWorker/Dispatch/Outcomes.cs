using CityMonitor.AgentWorker.PickUp;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Derives what a call came to, once both the call and its stream are over, and what follows from it.</summary>
static class Outcomes
{
    static readonly TimeSpan lostWithin = TimeSpan.FromSeconds(10);

    public static void Accept(Decision d, string how)
    {
        var before = d.State.Responder ?? ResponderRecord.Empty;
        if (before.AcceptedAt is not null)
        {
            // A speech engine that was replaced in the middle asks once more under another id: the yes stands since it was said.
            return;
        }

        d.State = d.State with { Responder = before with { AcceptedAt = d.Now, DeclinedAt = null, DeclineReason = null, WrongNumber = false } };
        d.Audit("incident.accepted", $"{before.Name ?? "The responder"} accepted {how}.", d.Live?.Call);
        if (d.Live is { Settled: false })
        {
            d.MarkAccepted(); // at once: a wiped Redis must not have them called again. Behind the call's end the ticket becomes Pending.
        }

        var waited = d.Now - d.State.OpenedAt;
        d.Measurements.Add(() => AgentMetrics.Acknowledged(waited));
    }

    public static void Decline(Decision d, string reason, bool wrongNumber)
    {
        var before = d.State.Responder ?? ResponderRecord.Empty;
        d.State = d.State with { Responder = before with { AcceptedAt = null, DeclinedAt = d.Now, DeclineReason = reason, WrongNumber = wrongNumber } };
        d.Audit("incident.declining", $"{before.Name ?? "The responder"} said no: {reason}.", d.Live?.Call);
        if (before.AcceptedAt is not null && d.Live is { Settled: false })
        {
            d.TicketOpenAgain(); // behind the call's end Conclude does it
        }
    }

    public static void SettleWhenOver(Decision d)
    {
        if (d.Live is not { Settled: false, End: { } end } live)
        {
            return;
        }

        var streamOver = live.Stream > 0 && live.StoppedStream >= live.Stream;
        var neverTalked = live.Stream == 0 && live.AnsweredAt is null && end.End is not CallEnd.Completed;
        if (streamOver || neverTalked)
        {
            Settle(d);
        }
        else
        {
            d.Disarm(TimerNames.CallOverdue);
            d.Arm(TimerNames.Outcome, d.Options.OutcomeWait, live.Call);
        }
    }

    public static void OutcomeDue(Decision d, CallId? call)
    {
        if (d.Live is { Settled: false, End: not null } live && live.Call == call)
        {
            Settle(d);
        }
    }

    public static void Settle(Decision d)
    {
        var live = d.Live!;
        d.Live = live with { Settled = true, Pending = null };
        Dialling.DisarmCallTimers(d);
        Dialling.IsDialled(d);
        var outcome = Derive(d.State, live);
        d.ChangeAttempt(live.Call, a => a with { EndedAt = live.End?.At ?? d.Now, Outcome = outcome, Detail = Detail(d.State, live, outcome) });
        d.Audit("call.outcome", $"Outcome: {outcome}.", live.Call);
        d.Measurements.Add(() => AgentMetrics.Outcome("call." + outcome.ToString().ToLowerInvariant()));
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            if (d.Facts.Transcript.Count > 0)
            {
                d.Note(TicketNotes.EndedByWithdrawal(d.State, d.Facts));
            }

            return;
        }

        Conclude(d, outcome);
    }

    /// <summary>An answer that came after the outcome was derived still counts, as long as no other call was placed since.</summary>
    public static void LateAnswer(Decision d)
    {
        if (d.Live is not { Settled: true } live || d.State.Status == IncidentStatus.Withdrawn)
        {
            return;
        }

        var outcome = Derive(d.State, live);
        if (d.State.Attempts is [.., { } last] && last.Call == live.Call && last.Outcome != outcome)
        {
            d.ChangeAttempt(live.Call, a => a with { Outcome = outcome });
            d.Disarm(TimerNames.NextAttempt);
            Conclude(d, outcome);
        }
    }

    public static CallOutcome Derive(IncidentState state, LiveCall live)
    {
        var talked = live.AnsweredAt is not null || live.Stream > 0;
        if (state.Responder is { AcceptedAt: not null })
        {
            return CallOutcome.Acknowledged;
        }

        if (talked && state.Responder is { DeclinedAt: not null } declined)
        {
            return declined.WrongNumber ? CallOutcome.InvalidContact : CallOutcome.Declined;
        }

        if (talked && (Conversation.IsMachine(live) || live.VoicemailLeft || FirstWords.IsNobody(live)))
        {
            return CallOutcome.Voicemail;
        }

        return live.End?.End switch
        {
            CallEnd.Busy => CallOutcome.Busy,
            CallEnd.NoAnswer => CallOutcome.NoAnswer,
            CallEnd.Failed when TwilioErrors.IsBadNumber(live.End.ErrorCode) => CallOutcome.InvalidContact,
            CallEnd.Failed => CallOutcome.Failed,
            // We cancel only what is already settled; this was somebody else, so the responder still does not know.
            CallEnd.Canceled => CallOutcome.NoAnswer,
            CallEnd.Unknown when !talked => CallOutcome.Unknown,
            _ when live.CallBackMinutes is not null => CallOutcome.CallBack,
            _ => CallOutcome.HungUp,
        };
    }

    static string? Detail(IncidentState state, LiveCall live, CallOutcome outcome) => outcome switch
    {
        CallOutcome.Acknowledged => null,
        CallOutcome.Declined or CallOutcome.InvalidContact when state.Responder?.DeclineReason is { } reason => reason,
        CallOutcome.HungUp => live.StopReason switch
        {
            "silence" => "answered, but nobody spoke",
            "max-duration" => "the longest call time was over without a yes or no",
            "engine-failed" or "error" => "the line was lost",
            _ when LineWasLost(live) => "the line was lost",
            _ => "the call ended without a yes or no",
        },
        CallOutcome.CallBack => $"asked to be called back in {live.CallBackMinutes} min",
        CallOutcome.Voicemail when live is { Callee: CalleeKind.Screening, VoicemailLeft: false } => "a call screening answered, and nobody came to the phone",
        CallOutcome.Voicemail when live is { Callee: CalleeKind.Menu, VoicemailLeft: false } => "an automatic menu answered, and nobody came to the phone",
        CallOutcome.Voicemail => "a machine answered; only a call-back text was left",
        _ when live.End is { } end => TwilioErrors.InWords(end),
        _ => null,
    };

    /// <summary>
    /// The call ended with its bridge, not by the responder's will: its last stream broke off within seconds of the end, or its end was
    /// never reported, as of a bridge that died.
    /// </summary>
    static bool LineWasLost(LiveCall live) =>
        live is { End: { End: not CallEnd.Unknown } end, Stream: > 0 } &&
        (live.Stream > live.StoppedStream || (live.StopReason is "error" or "drain" or "engine-failed" && end.At - live.StoppedAt <= lostWithin));

    static void Conclude(Decision d, CallOutcome outcome)
    {
        // Only a yes that was settled has set the ticket to pending.
        if (outcome is not CallOutcome.Acknowledged && d.State.AcknowledgedAt is not null)
        {
            d.State = d.State with { AcknowledgedAt = null };
            d.TicketOpenAgain();
        }

        // A number that was corrected while the old one was on the line has not been tried yet.
        if (outcome is not CallOutcome.Acknowledged && Reporting.HasAnotherNumber(d.State))
        {
            Reporting.CallAnotherNumber(d);
            return;
        }

        switch (outcome)
        {
            case CallOutcome.Acknowledged:
                Acknowledged(d);
                break;
            case CallOutcome.Declined:
                Handed(d, IncidentStatus.Declined, $"The responder declined: {d.State.Responder?.DeclineReason}.",
                    "Choose another responder: enter their phone number in the ticket and they are called at once.");
                break;
            case CallOutcome.InvalidContact:
                Handed(d, IncidentStatus.InvalidContact, $"The phone number {d.State.Attempts[^1].To} is not the responder's or cannot be called: {d.State.Attempts[^1].Detail}.",
                    "Correct the phone number in the ticket; the new number is called at once.");
                break;
            case CallOutcome.Failed when TwilioErrors.RemedyForAccount(d.Live?.End?.ErrorCode) is { } remedy:
                Handed(d, IncidentStatus.Failed, $"No call can be placed: {d.State.Attempts[^1].Detail}.", remedy);
                break;
            case CallOutcome.HungUp when LineWasLost(d.Live!) && Dialling.MayRedialLostLine(d.State):
                Dialling.RedialLostLine(d);
                break;
            default:
                Dialling.RetryOrGiveUp(d, outcome, d.Live?.CallBackMinutes);
                break;
        }
    }

    static void Acknowledged(Decision d)
    {
        d.State = d.State with { AcknowledgedAt = d.State.AcknowledgedAt ?? d.Now };
        if (!TextMessages.HasFailed(d.State))
        {
            d.UnflagAllBut(PassingCauses.MessagesWait);
        }

        d.Become(IncidentStatus.Acknowledged, $"{d.State.Responder?.Name ?? "The responder"} takes care of it.");
        TextMessages.SendEvidenceWhereNobodyCouldAsk(d);
        d.TicketInProgress();
        d.Note(TicketNotes.Acknowledged(d.State, d.Facts));
        FollowUp.ArmEta(d);
        d.Measurements.Add(() => AgentMetrics.Outcome("acknowledged"));
    }

    /// <summary>To the operator: the ticket stays open, is flagged and says why.</summary>
    static void Handed(Decision d, IncidentStatus status, string reason, string remedy)
    {
        d.Disarm(TimerNames.Eta);
        d.Disarm(TimerNames.EtaReply);
        d.Become(status, reason);
        d.Flag(reason, remedy);
        d.Note(TicketNotes.NotReached(d.State, d.Facts, reason));
        d.Measurements.Add(() => AgentMetrics.Outcome(status.ToString().ToLowerInvariant()));
    }
}
