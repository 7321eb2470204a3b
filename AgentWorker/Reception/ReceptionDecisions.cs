using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Which decision belongs to which message: the whole of what AgentWorker does to a call that came in. Messages may come twice, late or out of order.</summary>
static class ReceptionDecisions
{
    public const string OutcomeTimer = "outcome";

    /// <summary>Twilio ends a call of four hours itself.</summary>
    static readonly TimeSpan LongestTransfer = TimeSpan.FromHours(4.25);

    public const string NobodyAnswers = "I am sorry, nobody can take your call right now. May I take a message? What is your name?";

    public static void Opened(ReceptionDecision d)
    {
        d.Publish(new PrepareGreeting(d.Call));
        d.Audit("reception.opened", $"A call from {Callers.Masked(d.State)} is answered with the flow {d.Flow.Name}.");
    }

    public static void Decide(ReceptionDecision d, AgentMessage message)
    {
        switch (message)
        {
            case MediaStarted m:
                StreamSeen(d, m.Stream);
                break;
            case UserTurn m:
                StreamSeen(d, m.Stream);
                break;
            case ToolRequested m:
                ReceptionTools.Requested(d, m);
                break;
            case MediaStopped m:
                StreamStopped(d, m);
                break;
            case TransferEnded m:
                TransferOver(d, m);
                break;
            case CallEnded m:
                Ended(d, new EndedCall(m.End, m.ErrorCode, Dispatch.Spoken.Clean(m.Detail), m.DurationSeconds, d.Now));
                break;
            case TimerDue { Name: OutcomeTimer } when d.State.End is not null:
                Endings.Settle(d);
                break;
            case TicketCreated m:
                Tickets.Created(d, m);
                break;
            case DeadLettered m:
                GivenUp(d, m);
                break;
            case CallSwept:
                Prove(d);
                break;
            default:
                break;
        }
    }

    public static void StreamSeen(ReceptionDecision d, int stream)
    {
        if (stream <= d.State.Stream)
        {
            return;
        }

        d.State = d.State with { Stream = stream };
        if (d.State.Transfer == TransferProgress.Failed)
        {
            d.State = d.State with { Transfer = TransferProgress.None };
            d.Publish(new SayNews(d.Call, NobodyAnswers));
        }
    }

    static void StreamStopped(ReceptionDecision d, MediaStopped m)
    {
        if (m.Stream >= d.State.Stream && m.Stream > d.State.StoppedStream)
        {
            d.State = d.State with { Stream = Math.Max(d.State.Stream, m.Stream), StoppedStream = m.Stream, StopReason = m.Reason };
        }
    }

    /// <summary>Also of a transfer that the agent did not ask for: TelephonyApi puts callers through where no engine can talk with them.</summary>
    static void TransferOver(ReceptionDecision d, TransferEnded m)
    {
        if (d.State.Transfer == TransferProgress.Connected || d.State.Transfer == TransferProgress.Failed)
        {
            return;
        }

        d.State = d.State with { Transfer = m.Connected ? TransferProgress.Connected : TransferProgress.Failed };
        d.Audit("call.transferred", m.Connected ? "The caller has spoken with a person." : $"The person could not be reached ({Dispatch.Spoken.Clean(m.Status)}).");
    }

    static void Ended(ReceptionDecision d, EndedCall end)
    {
        if (d.State.End is null)
        {
            d.State = d.State with { End = end };
            d.OutcomeIn = d.Options.OutcomeWait;
        }
    }

    static void GivenUp(ReceptionDecision d, DeadLettered m)
    {
        d.Audit("reception.dead-letter", $"{m.Type} was given up: {Dispatch.Spoken.Clean(m.Error)} It stands among the dead letters; see to this caller yourself.");
        if (m.Type == nameof(CreateTicket))
        {
            d.State = d.State with { Tickets = [.. d.State.Tickets.Select(ticket => ticket.TicketId is null ? ticket with { Noted = true } : ticket)] };
        }
    }

    /// <summary>Each minute: a call whose end nobody told is ended here, and an end that nobody looked at is looked at.</summary>
    static void Prove(ReceptionDecision d)
    {
        if (d.State.Outcome is not null)
        {
            return;
        }

        // A Redis that was wiped knows nothing of a call that goes on; its bridge does.
        var talks = d.State.Stream > d.State.StoppedStream;
        // With no stream of ours up, a call that goes on is with the person it was put through to; TelephonyApi asks Twilio about it each minute.
        var isWithPerson = d.Facts.Dial == "placed" && !talks && d.Options.TransferNumber is not null;
        var overdue = d.Now - d.State.ReceivedAt > (isWithPerson ? LongestTransfer : TimeSpan.FromSeconds(d.Flow.Limits.MaxSeconds) + TimeSpan.FromMinutes(5));
        if (d.State.End is { } end && d.Now - end.At > d.Options.OutcomeWait + TimeSpan.FromSeconds(30))
        {
            d.Audit("reception.repaired", "The call had ended, and nothing was going to come of it.");
            Endings.Settle(d);
        }
        else if (d.State.End is null && (overdue || d.Facts.Dial == "ended" || (d.Facts.Dial is null && !talks)) && d.Now - d.State.ReceivedAt > TimeSpan.FromSeconds(30))
        {
            d.Audit("reception.repaired", "The end of the call was not told.");
            d.Publish(new EndCall(d.Call, "overdue"));
            Ended(d, new EndedCall(CallEnd.Unknown, null, "no word of how it ended", null, d.Now));
        }
    }
}
