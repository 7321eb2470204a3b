using System.Globalization;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>
/// What becomes of a call's turns: the whole logic of the answering side, without clock, Redis or network. Each message may come twice, late,
/// or for a turn that nobody cares about any more; the state decides. The rules are those of Contracts/Turns.cs.
/// </summary>
static class TalkDecisions
{
    const string Interruption = " ...";
    const string NotDone = """{"error":"The caller spoke before this was done."}""";

    public static void Decide(TalkStep t, CallMessage message)
    {
        switch (message)
        {
            case UserTurn m:
                Said(t, m);
                break;
            case TurnConfirmed m:
                Confirmed(t, m);
                break;
            case AgentInterrupted m:
                Interrupted(t, m);
                break;
            case ModelAnswered m:
                Answered(t, m);
                break;
            case MediaStarted m:
                Moved(t, m);
                break;
            case TalkSummarised m:
                TalkHistory.Summarised(t, m);
                break;
            default:
                break;
        }
    }

    static void Said(TalkStep t, UserTurn m)
    {
        if (t.Job is { } known && !known.IsOlderThan(m.Stream, m.Turn))
        {
            // The second copy of an eager turn may be the one that says it is confirmed.
            if (known.Is(m.Stream, m.Turn) && m.Confirmed)
            {
                Confirmed(t, new TurnConfirmed(m.Call, m.Stream, m.Turn));
            }

            return;
        }

        if (m.Again && t.Job is { Interrupted: false, Confirmed: true } unheard)
        {
            SayAgain(t, unheard, m);
            return;
        }

        var heard = m.Interrupted && m.Heard.Length > 0 ? m.Heard + Interruption : m.Heard;
        t.State = t.State with { History = Fold(t.State) };
        TalkHistory.SumUp(t);
        t.Job = new AnswerJob(m.Stream, m.Turn, m.Text, heard, m.Confirmed) { Offered = t.Offered };
        t.BeginAnswer(t.Job.Name);
        t.Publish(new AnswerTurn(m.Call, m.Stream, m.Turn, 0));
    }

    /// <summary>A machine's words are a turn too, and no model is asked about them.</summary>
    public static void Hold(TalkStep t, UserTurn m)
    {
        t.State = t.State with { History = Fold(t.State) };
        t.Job = new AnswerJob(m.Stream, m.Turn, m.Text, m.Heard, m.Confirmed) { Held = true };
        t.BeginAnswer(t.Job.Name);
    }

    /// <summary>What a held turn is answered with, if anything.</summary>
    public static void AnswerHeld(TalkStep t, IReadOnlyList<string> pieces)
    {
        var job = t.Job! with { Confirmed = true };
        t.Job = job;
        t.KeepAnswer(pieces);
        for (var i = 0; i < pieces.Count; i++)
        {
            t.Publish(new Speak(t.Call, job.Stream, job.Turn, i, pieces[i]));
        }

        Finish(t, pieces.Count);
    }

    /// <summary>The turn before the newest one becomes history: its words, and what its tools did. What was said of its answer comes with the turn behind it, as it was heard.</summary>
    static IReadOnlyList<TalkEntry> Fold(TalkState state)
    {
        if (state.Job is not { Confirmed: true } job)
        {
            return state.History;
        }

        List<TalkEntry> history = [.. state.History];
        if (job.Heard.Length > 0)
        {
            history.Add(new TalkEntry(TalkRole.Agent, job.Heard));
        }

        history.Add(new TalkEntry(TalkRole.Caller, job.Said));
        history.AddRange(job.Steps.Where(step => step.Role is not TalkRole.Agent));
        history.AddRange(job.Awaited.Select(call => new TalkEntry(TalkRole.ToolResult, NotDone, ToolCallId: call.Id)));
        return history;
    }

    /// <summary>A bridge or a vendor broke before anything of the answer was heard: the same answer under the new turn's name, without asking the model or running a tool again.</summary>
    static void SayAgain(TalkStep t, AnswerJob unheard, UserTurn m)
    {
        var job = unheard with { Stream = m.Stream, Turn = m.Turn };
        t.Job = job;
        t.RenameAnswer(job.Name);
        Resend(t, job, 0);
        if (job is { Finished: null, Awaited.Count: 0 })
        {
            t.Publish(new AnswerTurn(m.Call, job.Stream, job.Turn, job.Round));
        }
    }

    static void Confirmed(TalkStep t, TurnConfirmed m)
    {
        if (t.Job is not { Confirmed: false } job || !job.Is(m.Stream, m.Turn))
        {
            return;
        }

        t.Job = job with { Confirmed = true };
        RunTools(t);
    }

    static void Interrupted(TalkStep t, AgentInterrupted m)
    {
        if (t.Job is not { } job || !job.Is(m.Stream, m.Turn))
        {
            return;
        }

        t.EndAnswer();
        t.Job = job.Confirmed ? job with { Interrupted = true } : null;
    }

    static void Answered(TalkStep t, ModelAnswered m)
    {
        if (t.Job is not { Interrupted: false, Finished: null, Awaited.Count: 0 } job || !job.Is(m.Stream, m.Turn) || job.Round != m.Round)
        {
            return;
        }

        if (m.Failed)
        {
            Apologise(t, job, m.Chunks);
            return;
        }

        List<TalkEntry> steps = [.. job.Steps];
        if (m.Text.Length > 0)
        {
            steps.Add(new TalkEntry(TalkRole.Agent, m.Text));
        }

        if (m.Tools.Count > 0)
        {
            steps.Add(new TalkEntry(TalkRole.ToolCalls, "", m.Tools));
        }

        t.Job = job with { Steps = steps, Awaited = m.Tools, ToolsRun = false, FirstPiece = m.Chunks };
        if (m.Tools.Count == 0)
        {
            Finish(t, m.Chunks);
        }
        else
        {
            RunTools(t);
        }
    }

    static void RunTools(TalkStep t)
    {
        // Never on an eager start: 'yes... no, wait' does nothing.
        if (t.Job is { Confirmed: true, ToolsRun: false, Awaited.Count: > 0 } job)
        {
            t.Job = job with { ToolsRun = true };
            t.Tools.AddRange(job.Awaited.Select(call => new ToolRequested(t.Call, job.Stream, call.Id, call.Name, call.Arguments)));
        }
    }

    /// <summary>A tool has an answer. Behind the last one the model goes on, unless it has said goodbye already.</summary>
    /// <param name="offered">The tools that may be used from here on.</param>
    /// <param name="isEnding">The call ends after what has been said.</param>
    public static void ToolAnswered(TalkStep t, string toolCallId, string content, IReadOnlyList<string> offered, bool isEnding)
    {
        if (t.Job is not { } job || job.Awaited.FirstOrDefault(call => call.Id == toolCallId) is not { } answered)
        {
            return;
        }

        var left = job.Awaited.Where(call => call != answered).ToList();
        job = job with { Steps = [.. job.Steps, new TalkEntry(TalkRole.ToolResult, content, ToolCallId: toolCallId)], Awaited = left };
        t.Job = job;
        if (left.Count > 0 || job.Interrupted)
        {
            return;
        }

        if (isEnding && job.FirstPiece > 0)
        {
            Finish(t, job.FirstPiece);
            return;
        }

        var round = job.Round + 1;
        t.Job = job with { Round = round, Offered = round < t.Options.Rounds ? offered : [] };
        t.Publish(new AnswerTurn(t.Call, job.Stream, job.Turn, round));
    }

    static void Finish(TalkStep t, int chunks)
    {
        t.Job = t.Job! with { Finished = chunks };
        t.Publish(new TurnFinished(t.Call, t.Job.Stream, t.Job.Turn, chunks));
    }

    /// <summary>Nobody can think for this call now: say so, and let keys decide.</summary>
    static void Apologise(TalkStep t, AnswerJob job, int chunks)
    {
        t.Publish(new Speak(t.Call, job.Stream, job.Turn, chunks, t.Apology));
        t.Job = job;
        Finish(t, chunks + 1);
        t.Publish(new SwitchToKeypad(t.Call, "no language model answers"));
    }

    /// <summary>Another bridge holds the call: it gets what the old one had not played.</summary>
    static void Moved(TalkStep t, MediaStarted m)
    {
        if (m.Stream > 1 && t.Job is { Interrupted: false } job && job.Stream < m.Stream)
        {
            Resend(t, job, FirstAwaited(t.AwaitedPiece, job));
        }
    }

    static void Resend(TalkStep t, AnswerJob job, int from)
    {
        for (var i = from; i < t.Pieces.Count; i++)
        {
            t.Publish(new Speak(t.Call, job.Stream, job.Turn, i, t.Pieces[i]));
        }

        if (job.Finished is { } chunks)
        {
            t.Publish(new TurnFinished(t.Call, job.Stream, job.Turn, chunks));
        }
    }

    static int FirstAwaited(string? awaited, AnswerJob job) =>
        awaited is not null && awaited.StartsWith(job.Name + ".", StringComparison.Ordinal) &&
        int.TryParse(awaited.AsSpan(job.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : 0;
}
