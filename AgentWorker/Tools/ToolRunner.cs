using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.PickUp;
using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>
/// Runs what the conversation asks for, once per tool call id, and only what the stage allows. Every request gets an answer, also the
/// senseless one: a tool without an answer is dead air.
/// </summary>
static class ToolRunner
{
    const int RememberedRuns = 100;

    public static void Requested(Decision d, ToolRequested m)
    {
        // After a wiped Redis this is the first that is heard of a call that was answered long ago.
        Conversation.StreamSeen(d, m.Call, m.Stream);
        if (d.Live is not { } live || live.Call != m.Call)
        {
            Answer(d, m, ToolAnswer.Error("This call is not the incident's current one.", "Say goodbye."));
            return;
        }

        if (m.Stream < live.Stream)
        {
            return;
        }

        if (live.Tools.FirstOrDefault(t => t.ToolCallId == m.ToolCallId) is { } done)
        {
            if (done.Result is not null)
            {
                d.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, done.Result));
            }

            return;
        }

        if (live.Pending?.ToolCallId == m.ToolCallId)
        {
            return;
        }

        d.Audit("action.started", ToolBox.Find(m.Name)?.Name ?? "unknown", m.Call);
        if (ToolBox.Find(m.Name) is { Discloses: true })
        {
            FirstWords.Recall(d);
            live = d.Live!;
        }

        if (WaitsForVerdict(d, live, m))
        {
            return;
        }

        RunOnce(d, live, m);
    }

    /// <summary>The incident is told only when it is known, or has become unlikely, that a machine listens.</summary>
    static bool WaitsForVerdict(Decision d, LiveCall live, ToolRequested m)
    {
        if (ToolBox.Find(m.Name) is not { Discloses: true } || live.AnsweredBy is not null || FirstWords.IsNobody(live) || live.Settled || live.Stage != d.Flow.First.Name)
        {
            return false;
        }

        var left = (live.AnsweredAt ?? d.Now) + d.Options.VerdictWait - d.Now;
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        if (live.Pending is { } older)
        {
            d.Publish(new ToolResult(live.Call, older.Stream, older.ToolCallId, older.Name, ToolAnswer.Error("Asked again; the newer call is answered.").Content));
        }

        d.Live = live with { Pending = new PendingTool(m.Stream, m.ToolCallId, m.Name, m.Arguments, d.AskedAt) };
        d.Arm(TimerNames.Verdict, left, m.Call);
        return true;
    }

    /// <summary>The verdict is there, or will not come in time.</summary>
    public static void AnswerPending(Decision d)
    {
        if (d.Live is { Pending: { } pending } live)
        {
            d.Live = live with { Pending = null };
            RunOnce(d, d.Live, new ToolRequested(live.Call, pending.Stream, pending.ToolCallId, pending.Name, pending.Arguments), pending.AskedAt);
        }
    }

    static void RunOnce(Decision d, LiveCall live, ToolRequested m, DateTimeOffset? askedAt = null)
    {
        var before = d.State.Responder;
        var answer = Run(d, live, m);
        if (d.Live is { } now)
        {
            var stage = answer.Succeeded ? d.Flow.Stage(now.Stage)?.LeadsTo.GetValueOrDefault(m.Name) ?? now.Stage : now.Stage;
            d.Live = now with { Stage = stage, Tools = [.. now.Tools.TakeLast(RememberedRuns - 1), new ToolRun(m.ToolCallId, m.Name, answer.Content, before)] };
        }

        Answer(d, m, answer, askedAt);
        Outcomes.LateAnswer(d);
    }

    static ToolAnswer Run(Decision d, LiveCall live, ToolRequested m)
    {
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            return ToolAnswer.Error("The incident has just been settled by somebody else.", "Tell them that nothing more is needed, thank them and say goodbye.");
        }

        if (ToolBox.Find(m.Name) is not { } tool)
        {
            return ToolAnswer.Error($"There is no tool '{Spoken.Clean(m.Name)}'. Now you can use: {Allowed(d, live)}.");
        }

        if (d.Flow.Stage(live.Stage) is not { } stage || !stage.Tools.Contains(tool.Name))
        {
            return ToolAnswer.Error($"{tool.Name} cannot be used in the step '{live.Stage}'. Now you can use: {Allowed(d, live)}.",
                live.Stage == d.Flow.First.Name ? "Call retrieve_ticket, tell the incident, and ask for a clear yes or no first." : null);
        }

        if (Conversation.IsMachine(live) && tool is not EndCallTool)
        {
            return ToolAnswer.Error("An answering machine is on the line. Nothing may be told to it.", "Say nothing more.");
        }

        if (FirstWords.IsNobody(live) && tool is not EndCallTool)
        {
            return FirstWords.Refusal(d, live);
        }

        if (live.Settled && tool is not (AcceptIncident or DeclineIncident))
        {
            return ToolAnswer.Error("The call is over.");
        }

        if (ToolArguments.Parse(m.Arguments, out var error) is not { } arguments)
        {
            return ToolAnswer.Error(error, "Call the tool again with correct arguments.");
        }

        return tool.Run(d, live, arguments);
    }

    static string Allowed(Decision d, LiveCall live) => string.Join(", ", d.Flow.Stage(live.Stage)?.Tools ?? []);

    static void Answer(Decision d, ToolRequested m, ToolAnswer answer, DateTimeOffset? askedAt = null)
    {
        var name = ToolBox.Find(m.Name)?.Name ?? "unknown";
        var (arguments, content) = (Redaction.Json(Short(m.Arguments)), Redaction.Json(answer.Content));
        d.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, answer.Content));
        d.Audit($"tool.{name}", $"{arguments} -> {Short(content)}", m.Call);
        d.ToolCalls.Add((m.Call, new ToolCallRecord(m.ToolCallId, name, arguments, content, answer.Succeeded, d.Now, Math.Max(0, (d.Now - (askedAt ?? d.AskedAt ?? d.Now)).TotalMilliseconds))));
        d.Measurements.Add(() => AgentMetrics.Tool(name, answer.Succeeded ? "ok" : "refused"));
    }

    static string Short(string? text) => text is null ? "" : text.Length <= 500 ? text : text[..500] + "…";

    /// <summary>The model took a call back. What has not run does not run; a yes or no that has is taken back, since nobody knows now what was meant.</summary>
    public static void Cancelled(Decision d, ToolCancelled m)
    {
        if (d.Live is not { } live || live.Call != m.Call)
        {
            return;
        }

        var run = live.Tools.FirstOrDefault(t => t.ToolCallId == m.ToolCallId);
        if (run is null)
        {
            var pending = live.Pending?.ToolCallId == m.ToolCallId ? null : live.Pending;
            d.Live = live with { Pending = pending, Tools = [.. live.Tools.TakeLast(RememberedRuns - 1), new ToolRun(m.ToolCallId, live.Pending?.Name ?? "", null)] };
            if (pending is null)
            {
                d.Disarm(TimerNames.Verdict);
            }
        }
        else if (run.Name is "accept_incident" or "decline_incident" && !live.Settled && live.Tools.Last(t => t.Name is "accept_incident" or "decline_incident") == run)
        {
            var responder = d.State.Responder ?? ResponderRecord.Empty;
            d.State = d.State with
            {
                Responder = responder with { AcceptedAt = run.Before?.AcceptedAt, DeclinedAt = run.Before?.DeclinedAt, DeclineReason = run.Before?.DeclineReason, WrongNumber = run.Before?.WrongNumber ?? false },
            };
            if (responder.AcceptedAt is not null && d.State.Responder.AcceptedAt is null)
            {
                d.TicketOpenAgain();
            }
            else if (responder.AcceptedAt is null && d.State.Responder.AcceptedAt is not null)
            {
                d.MarkAccepted();
            }
        }
        else
        {
            return;
        }

        d.Audit("tool.cancelled", $"{run?.Name ?? "A tool call"} was taken back.", m.Call);
    }
}
