using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Talk;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.PickUp;

/// <summary>
/// What is done about the first words of a call. A machine's are no turn that a model answers: an answering machine gets the call-back
/// text, a screening hears who is calling, a menu the operator's key, and none of them anything of the incident.
/// </summary>
static class FirstWords
{
    /// <summary>Whoever has said so much is a person.</summary>
    const int MostTurns = 4;

    /// <summary>A screening is told who is calling this often.</summary>
    const int MostTold = 2;

    /// <returns>True where a machine speaks, and its turn was dealt with here.</returns>
    public static bool Take(Decision d, TalkStep t, CallMessage message)
    {
        switch (message)
        {
            case UserTurn { Again: false, Source: TurnSource.Speech } m when t.Job?.IsOlderThan(m.Stream, m.Turn) != false:
                if (Judge(d, t, m.Text) is not (not CalleeKind.Person and var kind))
                {
                    if (m.Confirmed)
                    {
                        IsPerson(d, m.Call);
                    }

                    return false;
                }

                TalkDecisions.Hold(t, m);
                if (m.Confirmed)
                {
                    Answer(d, t, kind);
                }

                return true;
            case TurnConfirmed m when t.Job is { Held: true, Confirmed: false } held && held.Is(m.Stream, m.Turn):
                Answer(d, t, Judge(d, t, held.Said));
                return true;
            case UserTurn { Confirmed: true } m when t.Job is { Held: true, Confirmed: false } held && held.Is(m.Stream, m.Turn):
                Answer(d, t, Judge(d, t, held.Said));
                return true;
            case TurnConfirmed m when t.Job is { Confirmed: false } job && job.Is(m.Stream, m.Turn):
                IsPerson(d, m.Call);
                return false;
            default:
                return false;
        }
    }

    /// <summary>The same by the record of the call, before anything is told: an engine that has a model of its own answers first words itself.</summary>
    public static void Recall(Decision d)
    {
        if (d.Live is not { Settled: false, Callee: not CalleeKind.Person } live || live.Stage != d.Flow.First.Name)
        {
            return;
        }

        var kind = CalleeKind.Person;
        List<Turn> said = [.. d.Facts.Heard.Where(turn => turn.Speaker == Speaker.Responder)];
        for (var i = 0; i < said.Count; i++)
        {
            kind = kind is CalleeKind.Person && i >= MostTurns ? kind : Callee.Of(said[i].Text, d.Flow.PickUp, kind);
        }

        if (kind is not CalleeKind.Person)
        {
            Recognised(d, live, kind);
        }
        else if (IsNobody(live) && said.Count > 0)
        {
            IsPerson(d, live.Call);
        }
    }

    public static bool IsNobody(LiveCall live) => live.Callee is CalleeKind.Machine or CalleeKind.Screening or CalleeKind.Menu;

    /// <summary>What a tool answers while no person is there.</summary>
    public static ToolAnswer Refusal(Decision d, LiveCall live) => live.Callee switch
    {
        CalleeKind.Screening => ToolAnswer.Error("A screening service is on the line, not the person. Nothing of the incident may be told.", $"Say only this, then wait for the person: {Sentence(d, live)}"),
        CalleeKind.Menu => ToolAnswer.Error("An automatic menu is on the line. Nothing may be told to it.", "Say goodbye and call end_call, unless a person comes to the phone."),
        _ => ToolAnswer.Error("An answering machine is on the line. Nothing may be told to it.", "Say nothing more."),
    };

    static CalleeKind Judge(Decision d, TalkStep t, string text) =>
        d.Live is not { Settled: false, End: null } live || live.Call != t.Call || live.Stage != d.Flow.First.Name || d.State.Responder is { AcceptedAt: not null } or { DeclinedAt: not null }
            || d.State.Attempts.Any(attempt => attempt.Call == live.Call && attempt.InboundSid is not null) // whoever calls us is a person
            ? CalleeKind.Person
            : !IsNobody(live) && t.State.History.Count(entry => entry.Role == TalkRole.Caller) >= MostTurns ? CalleeKind.Person
            : Callee.Of(text, d.Flow.PickUp, live.Callee ?? CalleeKind.Person);

    static void Answer(Decision d, TalkStep t, CalleeKind kind)
    {
        var live = d.Live!;
        // Behind the first words comes the rest of them, or "please hold": only what asks for something is answered.
        var asks = Callee.Of(t.Job!.Said, d.Flow.PickUp) == kind;
        Recognised(d, live, kind);
        TalkDecisions.AnswerHeld(t, asks && kind is CalleeKind.Screening && live.ToldMachine < MostTold ? [Sentence(d, live)] : []);
        if (asks)
        {
            d.Live = d.Live! with { ToldMachine = live.ToldMachine + 1 };
            if (kind is CalleeKind.Menu)
            {
                TryMenu(d, live);
            }
        }

        ToolRunner.AnswerPending(d);
    }

    static void Recognised(Decision d, LiveCall live, CalleeKind kind)
    {
        if (live.Callee != kind)
        {
            d.Live = live with { Callee = kind };
            d.Audit("call.callee", kind switch
            {
                CalleeKind.Machine => "An answering machine speaks, by its words.",
                CalleeKind.Screening => "A call screening asks who is calling.",
                _ => "An automatic menu speaks.",
            }, live.Call);
        }

        // Its beep is about to come; Twilio may hear it, or this timer stands in for that.
        if (kind is CalleeKind.Machine && !live.VoicemailLeft)
        {
            d.Arm(TimerNames.Voicemail, d.Options.BeepWait, live.Call);
        }
    }

    static void TryMenu(Decision d, LiveCall live)
    {
        if (live.ToldMachine == 0 && d.Flow.OperatorKey.Length > 0)
        {
            d.Publish(new PressKeys(live.Call, d.Flow.OperatorKey));
        }
        else
        {
            d.Publish(new FinishCall(live.Call, "finished"));
        }
    }

    static void IsPerson(Decision d, CallId call)
    {
        if (d.Live is not { Settled: false } live || live.Call != call || live.Callee is CalleeKind.Person)
        {
            return;
        }

        d.Live = live with { Callee = CalleeKind.Person };
        if (IsNobody(live))
        {
            d.Audit("call.callee", "A person has come to the phone.", call);
            if (live is { VoicemailLeft: false, AnsweredBy: not AnsweredByKind.MachineStart })
            {
                d.Disarm(TimerNames.Voicemail);
            }
        }
    }

    static string Sentence(Decision d, LiveCall live) =>
        Placeholders.Fill(d.Flow.Screening, Sessions.General(d.Flow, d.State.Attempts.First(attempt => attempt.Call == live.Call).To, d.Options.Authority, d.Now));
}
