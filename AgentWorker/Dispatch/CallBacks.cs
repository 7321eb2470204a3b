using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.PickUp;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>
/// A responder whom we did not reach calls the number back. Then that call is the incident's next one, as if we had dialled it: what still
/// waits or rings on our side is cancelled first, so that nobody is called while they speak with us. In every other case the reception answers.
/// </summary>
static class CallBacks
{
    public static void Decide(Decision d, ResponderCalled m)
    {
        if (d.State.Attempts.Any(a => a.InboundSid == m.CallSid))
        {
            return;
        }

        // The call before is over, and only its last report was being waited for.
        if (d.Live is { Settled: false, End: not null })
        {
            Outcomes.Settle(d);
        }

        if (!IsWanted(d, m))
        {
            d.Audit("call.called-back", $"The responder called ({m.From.Masked}); the reception answers, since this incident needs no answer of theirs now.");
            ToReception(m).ForEach(d.Publish);
            return;
        }

        if (Conversation.WaitsForAnswer(d) is { } waiting)
        {
            Dialling.CancelAttempt(d, waiting, "The responder is calling us.");
        }

        Take(d, m);
    }

    static bool IsWanted(Decision d, ResponderCalled m) =>
        d.State is { Status: IncidentStatus.Calling or IncidentStatus.Unreachable, DuplicateOf: null } && d.State.Responder is null or { AcceptedAt: null }
        && d.State.Fields.ResponderPhone == m.From && (d.Live is null or { Settled: true } || Conversation.WaitsForAnswer(d) is not null);

    static void Take(Decision d, ResponderCalled m)
    {
        var call = CallId.Of(d.State.Id, d.State.Attempts.Count + 1);
        d.Disarm(TimerNames.NextAttempt);
        d.Unflag();
        d.State = d.State with
        {
            Status = IncidentStatus.Calling,
            Attempts = [.. d.State.Attempts, new CallAttempt(call, m.From, d.Now, AnsweredAt: d.Now) { InboundSid = m.CallSid }],
            Live = new LiveCall(call, d.Flow.First.Name) { AnsweredAt = d.Now, AnsweredBy = AnsweredByKind.Human, Callee = CalleeKind.Person },
        };
        d.Sessions.Add(Sessions.Build(d.Flow, d.State, call, m.From, d.Options.Authority, d.Now, "inbound"));
        d.Publish(new AnswerCall(call, m.CallSid, m.From));
        d.Publish(new PrepareGreeting(call));
        d.Arm(TimerNames.CallOverdue, TimeSpan.FromSeconds(d.Flow.Limits.MaxSeconds + 120), call);
        d.Audit("call.called-back", $"The responder calls back ({m.From.Masked}); the call is about this incident.", call);
    }

    public static List<Message> ToReception(ResponderCalled m)
    {
        var call = CallId.Inbound(m.CallSid);
        return [new CallReceived(call, m.CallSid, m.From, m.To), new AnswerCall(call, m.CallSid, m.From)];
    }
}
