using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Derives what a call that came in came to, and files what nobody has dealt with: nothing that a caller said is lost with the line.</summary>
static class Endings
{
    public static void Settle(ReceptionDecision d)
    {
        if (d.State.Outcome is not null)
        {
            return;
        }

        var outcome = Derive(d.State, d.Facts.Transcript);
        d.State = d.State with { Outcome = outcome };
        d.Audit($"reception.{outcome.ToString().ToLowerInvariant()}", InWords(d.State, outcome));
        if (d.State.Draft is not null || outcome == ReceptionOutcome.Incomplete)
        {
            Tickets.FileIncomplete(d);
        }
        else if (outcome == ReceptionOutcome.Missed)
        {
            Tickets.FileMissed(d);
        }

        Tickets.Note(d);
        d.Measurements.Add(() => AgentMetrics.Outcome($"reception-{outcome.ToString().ToLowerInvariant()}"));
    }

    static ReceptionOutcome Derive(ReceptionState state, IReadOnlyList<Turn> transcript)
    {
        if (state.Transfer == TransferProgress.Connected)
        {
            return ReceptionOutcome.Transferred;
        }

        if (state.Draft is not null)
        {
            return ReceptionOutcome.Incomplete;
        }

        if (state.Tickets.Count > 0)
        {
            return state.Tickets.Any(ticket => ticket.Purpose == TicketPurpose.Incident) ? ReceptionOutcome.Reported : ReceptionOutcome.MessageTaken;
        }

        if (state.SaidGoodbye)
        {
            return ReceptionOutcome.Answered;
        }

        if (transcript.Any(turn => turn.Speaker == Speaker.Responder && turn.Text.Any(char.IsLetterOrDigit)))
        {
            return ReceptionOutcome.Incomplete;
        }

        // A line that our side lost before the caller could speak is as bad as one that was never taken.
        return state.Stream == 0 || state.StopReason is "engine-failed" or "error" || state.StoppedStream < state.Stream ? ReceptionOutcome.Missed : ReceptionOutcome.HungUp;
    }

    static string InWords(ReceptionState state, ReceptionOutcome outcome) => outcome switch
    {
        ReceptionOutcome.Missed => $"Nobody talked with {Callers.Masked(state)}; a ticket asks to call back.",
        ReceptionOutcome.Incomplete => "The call ended before what the caller said was dealt with; a ticket keeps it.",
        ReceptionOutcome.Reported => "An incident was reported.",
        ReceptionOutcome.MessageTaken => "A message was taken.",
        ReceptionOutcome.Transferred => "The caller was put through to a person.",
        ReceptionOutcome.Answered => "The caller was answered.",
        _ => "The caller hung up without a word.",
    };
}
