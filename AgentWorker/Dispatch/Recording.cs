using System.Text;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>What an incident's calls leave for their records: tool calls as they happen, and the outcome in the step that decides it.</summary>
static class Recording
{
    public static void Apply(Decision d, AgentMessage message, Step step)
    {
        foreach (var (call, tool) in d.ToolCalls)
        {
            step.PushToList(Keys.ToolCalls(call), tool, StateJson.Default.ToolCallRecord, CallStore.Life);
        }

        foreach (var attempt in d.State.Attempts.Where(attempt => attempt.Outcome is not null))
        {
            if (d.Before.Attempts.FirstOrDefault(before => before.Call == attempt.Call)?.Outcome != attempt.Outcome)
            {
                var summary = JsonSerializer.Serialize(Summary(d.State, attempt, d.Now), StateJson.Default.CallSummary);
                step.SetFields(Keys.Call(attempt.Call), new Dictionary<string, RedisArg> { [CallFields.Summary] = summary }, CallStore.Life);
                step.Publish(new RecordCall(attempt.Call));
            }
            else if (message is MediaStopped { Call: var call } && call == attempt.Call)
            {
                // Its bridge was away when the outcome was derived: now its last words are there.
                step.Publish(new RecordCall(call));
            }
        }
    }

    static CallSummary Summary(IncidentState state, CallAttempt attempt, DateTimeOffset now) => new(
        "outbound", attempt.To, attempt.At, attempt.AnsweredAt, attempt.EndedAt ?? now, InWords(attempt.Outcome!.Value), attempt.Detail, state.Id, state.Ticket.TicketId);

    /// <summary>NoAnswer is no-answer.</summary>
    static string InWords(CallOutcome outcome)
    {
        var words = new StringBuilder();
        foreach (var c in outcome.ToString())
        {
            words.Append(char.IsUpper(c) && words.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        }

        return words.ToString();
    }
}
