using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>
/// A call as it goes: ringing, answered, who answered, streams, keys. Events may come twice, late or out of order. What happened stands
/// in the audit already, from the service that saw it; only what is decided here is added.
/// </summary>
static class Conversation
{
    /// <summary>The call that somebody has answered and that has not ended.</summary>
    public static LiveCall? IsLive(Decision d) =>
        d.Live is { Settled: false, End: null } live && (live.AnsweredAt is not null || live.Stream > 0) ? live : null;

    /// <summary>The call that is queued or ringing.</summary>
    public static LiveCall? WaitsForAnswer(Decision d) =>
        d.Live is { Settled: false, End: null, AnsweredAt: null, Stream: 0 } live ? live : null;

    static LiveCall? Current(Decision d, CallId call) => d.Live is { Settled: false } live && live.Call == call ? live : null;

    public static void Placed(Decision d, CallPlaced m) => Progress(d, m.Call);

    public static void Ringing(Decision d, CallRinging m) => Progress(d, m.Call);

    static void Progress(Decision d, CallId call)
    {
        if (Current(d, call) is { AnsweredAt: null, End: null })
        {
            d.Arm(TimerNames.CallOverdue, TimeSpan.FromSeconds(d.Options.RingSeconds + 60), call);
            Dialling.IsDialled(d);
        }
    }

    public static void Answered(Decision d, CallAnswered m) => Answer(d, m.Call);

    static void Answer(Decision d, CallId call)
    {
        if (Current(d, call) is not { AnsweredAt: null } live)
        {
            return;
        }

        d.Live = live with { AnsweredAt = d.Now };
        d.ChangeAttempt(call, a => a with { AnsweredAt = a.AnsweredAt ?? d.Now });
        if (live.End is null)
        {
            d.Arm(TimerNames.CallOverdue, TimeSpan.FromSeconds(d.Flow.Limits.MaxSeconds + 120), call);
        }

        var waited = d.Now - d.State.OpenedAt;
        d.Measurements.Add(() => AgentMetrics.Answered(waited));
    }

    public static void WhoAnswered(Decision d, AnsweredBy m)
    {
        if (Current(d, m.Call) is not { } live || live.AnsweredBy is AnsweredByKind.MachineEnd or AnsweredByKind.Fax)
        {
            return;
        }

        // Whoever has said yes or no is a person: a late verdict of 'machine' must not cut the conversation short.
        if (d.State.Responder is { AcceptedAt: not null } or { DeclinedAt: not null } && m.Kind is not AnsweredByKind.Human)
        {
            return;
        }

        d.Live = live with { AnsweredBy = m.Kind };
        d.Disarm(TimerNames.Verdict);
        Tools.ToolRunner.AnswerPending(d);
        switch (m.Kind)
        {
            case AnsweredByKind.MachineEnd:
                LeaveVoicemail(d);
                break;
            // The greeting of the machine is still playing; MachineEnd follows at the beep, or this timer stands in for it.
            case AnsweredByKind.MachineStart:
                d.Arm(TimerNames.Voicemail, TimeSpan.FromSeconds(15), m.Call);
                break;
            case AnsweredByKind.Fax:
                d.Publish(new EndCall(m.Call, "a fax machine answered"));
                break;
            default:
                break;
        }
    }

    public static bool IsMachine(LiveCall live) => live.AnsweredBy is AnsweredByKind.MachineStart or AnsweredByKind.MachineEnd or AnsweredByKind.Fax;

    public static void LeaveVoicemail(Decision d)
    {
        if (d.Live is { Settled: false, End: null, VoicemailLeft: false } live)
        {
            d.Disarm(TimerNames.Voicemail);
            d.Live = live with { VoicemailLeft = true };
            d.Publish(new LeaveVoicemail(live.Call));
            d.Audit("call.voicemail", "A machine answered: only the call-back text is left.", live.Call);
        }
    }

    public static void StreamStarted(Decision d, MediaStarted m) => StreamSeen(d, m.Call, m.Stream);

    /// <summary>A stream of the call is up: it has said so itself, or asks for something.</summary>
    public static void StreamSeen(Decision d, CallId call, int stream)
    {
        if (Current(d, call) is not { } live || stream <= live.Stream)
        {
            return;
        }

        d.Live = live with { Stream = stream };
        Answer(d, call);
        if (live.VoicemailLeft && live.StoppedStream < stream)
        {
            d.Publish(new LeaveVoicemail(call));
        }
    }

    public static void StreamStopped(Decision d, MediaStopped m)
    {
        if (Current(d, m.Call) is not { } live || m.Stream < live.Stream || m.Stream <= live.StoppedStream)
        {
            return;
        }

        d.Live = live with { Stream = Math.Max(live.Stream, m.Stream), StoppedStream = m.Stream, StopReason = m.Reason, StoppedAt = d.Now };
        Outcomes.SettleWhenOver(d);
    }

    public static void Ended(Decision d, CallEnded m)
    {
        if (Current(d, m.Call) is not { End: null } live)
        {
            return;
        }

        d.Live = live with { End = new EndedCall(m.End, m.ErrorCode, Spoken.Clean(m.Detail), m.DurationSeconds, d.Now) };
        Outcomes.SettleWhenOver(d);
    }

    /// <summary>1 accepts, 2 declines, exactly as the spoken word does; 9 repeats and is TelephonyApi's.</summary>
    public static void Keys(Decision d, KeypadPressed m)
    {
        if (d.Live is not { } live || live.Call != m.Call)
        {
            return;
        }

        // Digits behind one another may be a number that is nobody's business.
        d.Audit("call.keypad", m.InKeypadMode || m.Digits is "1" or "2" ? $"The responder pressed {Spoken.Clean(m.Digits)}." : "The responder pressed a key.", m.Call);
        // While an agent listens, digits after the decision are a number being typed, not an answer.
        var decided = d.State.Responder is { AcceptedAt: not null } or { DeclinedAt: not null };
        if (m.Digits is not ("1" or "2") || (decided && !m.InKeypadMode))
        {
            return;
        }

        // In the introduction nothing has been told yet, so there is nothing to say yes to.
        if (!m.InKeypadMode && live.Stage == d.Flow.First.Name)
        {
            return;
        }

        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            return;
        }

        var accepted = m.Digits == "1";
        if (accepted)
        {
            Outcomes.Accept(d, "by keypad");
        }
        else
        {
            Outcomes.Decline(d, "declined by keypad", wrongNumber: false);
        }

        if (!m.InKeypadMode && d.Live is { Settled: false, End: null } now)
        {
            d.Live = now with { Stage = d.Flow.Stage(now.Stage)?.LeadsTo.GetValueOrDefault(accepted ? "accept_incident" : "decline_incident") ?? now.Stage };
            d.Publish(new SayNews(m.Call, accepted ? "You pressed one: thank you, you have accepted this incident." : "You pressed two: you have declined this incident."));
        }

        Outcomes.LateAnswer(d);
    }
}
