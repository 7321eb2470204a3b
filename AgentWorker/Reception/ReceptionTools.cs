using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>A tool of a call that came in.</summary>
abstract class ReceptionTool : Tool
{
    /// <summary>Counts also where the call has just ended: what a caller said last is not lost with the line.</summary>
    public virtual bool OutlivesCall => false;

    public abstract ToolAnswer Run(ReceptionDecision d, ToolArguments arguments);
}

/// <summary>Every tool of a call that came in.</summary>
static class ReceptionToolBox
{
    static readonly Dictionary<string, ReceptionTool> tools = new ReceptionTool[]
    {
        new ReportIncident(), new TakeMessage(), new TransferCall(), new EndReception(),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => tools.Keys;

    public static ReceptionTool? Find(string name) => tools.GetValueOrDefault(name);
}

/// <summary>Runs what the conversation asks for, once per tool call id, and only what the stage allows. Every request gets an answer: a tool without one is dead air.</summary>
static class ReceptionTools
{
    const int RememberedRuns = 100;

    public static void Requested(ReceptionDecision d, ToolRequested m)
    {
        ReceptionDecisions.StreamSeen(d, m.Stream);
        if (m.Stream < d.State.Stream)
        {
            return;
        }

        if (d.State.Tools.FirstOrDefault(run => run.ToolCallId == m.ToolCallId) is { } done)
        {
            d.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, done.Result!));
            return;
        }

        var tool = ReceptionToolBox.Find(m.Name);
        var name = tool?.Name ?? "unknown";
        d.Audit("action.started", name);
        var answer = Run(d, tool, m);
        var stage = answer.Succeeded ? d.Stage?.LeadsTo.GetValueOrDefault(m.Name) ?? d.State.Stage : d.State.Stage;
        d.State = d.State with { Stage = stage, Tools = [.. d.State.Tools.TakeLast(RememberedRuns - 1), new ToolRun(m.ToolCallId, m.Name, answer.Content)] };
        d.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, answer.Content));
        var (arguments, content) = (Redaction.Json(Short(m.Arguments)), Redaction.Json(answer.Content));
        d.Audit($"tool.{name}", $"{arguments} -> {Short(content)}");
        d.ToolCalls.Add((m.Call, new ToolCallRecord(m.ToolCallId, name, arguments, content, answer.Succeeded, d.Now, Math.Max(0, (d.Now - (d.AskedAt ?? d.Now)).TotalMilliseconds))));
        d.Measurements.Add(() => AgentMetrics.Tool(name, answer.Succeeded ? "ok" : "refused"));
    }

    static ToolAnswer Run(ReceptionDecision d, ReceptionTool? tool, ToolRequested m)
    {
        var allowed = string.Join(", ", d.Stage?.Tools ?? []);
        if (tool is null)
        {
            return ToolAnswer.Error($"There is no tool '{Spoken.Clean(m.Name)}'. Now you can use: {allowed}.");
        }

        if (d.Stage?.Tools.Contains(tool.Name) != true)
        {
            return ToolAnswer.Error($"{tool.Name} cannot be used in the step '{d.State.Stage}'. Now you can use: {allowed}.");
        }

        if (d.State.End is not null && !tool.OutlivesCall)
        {
            return ToolAnswer.Error("The call is over.");
        }

        return ToolArguments.Parse(m.Arguments, out var error) is { } arguments
            ? tool.Run(d, arguments)
            : ToolAnswer.Error(error, "Call the tool again with correct arguments.");
    }

    static string Short(string? text) => text is null ? "" : text.Length <= 500 ? text : text[..500] + "…";
}
