using System.Text;
using System.Text.Json;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Reception;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>What calls leave for their records: tool calls as they happen, and the outcome in the step that decides it.</summary>
static class Recording
{
    public static void Apply(Decision d, AgentMessage message, Step step)
    {
        Add(d.ToolCalls, step);
        foreach (var attempt in d.State.Attempts.Where(attempt => attempt.Outcome is not null))
        {
            if (d.Before.Attempts.FirstOrDefault(before => before.Call == attempt.Call)?.Outcome != attempt.Outcome)
            {
                IsOver(attempt.Call, Summary(d.State, attempt, d.Now), step);
            }
            else if (CameLate(message, attempt.Call))
            {
                step.Publish(new RecordCall(attempt.Call));
            }
        }
    }

    public static void Apply(ReceptionDecision d, AgentMessage message, Step step)
    {
        Add(d.ToolCalls, step);
        if (d.State.Outcome is { } outcome)
        {
            if (d.Before.Outcome != outcome)
            {
                IsOver(d.Call, Summary(d.State, outcome, d.Now), step);
            }
            else if (CameLate(message, d.Call))
            {
                step.Publish(new RecordCall(d.Call));
            }
        }
    }

    static void Add(List<(CallId Call, ToolCallRecord Record)> tools, Step step)
    {
        foreach (var (call, tool) in tools)
        {
            step.PushToList(Keys.ToolCalls(call), tool, StateJson.Default.ToolCallRecord, CallStore.Life);
        }
    }

    static void IsOver(CallId call, CallSummary summary, Step step)
    {
        var json = JsonSerializer.Serialize(summary, StateJson.Default.CallSummary);
        step.SetFields(Keys.Call(call), new Dictionary<string, RedisArg> { [CallFields.Summary] = json }, CallStore.Life);
        step.Publish(new RecordCall(call));
    }

    /// <summary>Its bridge was away when the outcome was derived: now its last words are there.</summary>
    static bool CameLate(AgentMessage message, CallId call) => message is MediaStopped stopped && stopped.Call == call;

    static CallSummary Summary(IncidentState state, CallAttempt attempt, DateTimeOffset now) => new(
        attempt.InboundSid is null ? "outbound" : "inbound", attempt.To, attempt.At, attempt.AnsweredAt, attempt.EndedAt ?? now, InWords(attempt.Outcome!.Value.ToString()), attempt.Detail, state.Id, state.Ticket.TicketId);

    static CallSummary Summary(ReceptionState state, ReceptionOutcome outcome, DateTimeOffset now) => new(
        "inbound", state.From, state.ReceivedAt, state.Stream > 0 ? state.ReceivedAt : null, state.End?.At ?? now, InWords(outcome.ToString()),
        TicketId: state.Tickets.Select(ticket => ticket.TicketId).LastOrDefault(id => id is not null));

    /// <summary>NoAnswer is no-answer.</summary>
    static string InWords(string outcome)
    {
        var words = new StringBuilder();
        foreach (var c in outcome)
        {
            words.Append(char.IsUpper(c) && words.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        }

        return words.ToString();
    }
}
