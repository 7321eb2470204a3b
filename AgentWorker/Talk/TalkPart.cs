using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>The conversation's part of a message: a turn of it, or a tool's answer that it waits for.</summary>
static class TalkPart
{
    public static bool IsTurn(AgentMessage message) =>
        message is UserTurn or TurnConfirmed or AgentInterrupted or ModelAnswered or TalkSummarised or MediaStarted { Stream: > 1 };

    /// <summary>The turn whose end this message makes certain: its caller waits for words.</summary>
    public static (CallId Call, int Stream, int Turn)? OwedAnswer(AgentMessage message) => message switch
    {
        UserTurn { Confirmed: true } m => (m.Call, m.Stream, m.Turn),
        TurnConfirmed m => (m.Call, m.Stream, m.Turn),
        _ => null,
    };

    /// <summary>A tool was answered that the model asked for, not an engine at the vendor's.</summary>
    public static bool HasAnswers(MessageDecision d) => d.Messages.OfType<ToolResult>().Any(IsOurs);

    /// <summary>Gives the answers to the conversation instead of the bridge.</summary>
    public static void TakeAnswers(MessageDecision d, TalkStep talk)
    {
        foreach (var result in d.TakeMessages<ToolResult>(IsOurs))
        {
            TalkDecisions.ToolAnswered(talk, result.ToolCallId, result.Content, d.OfferedTools, d.Messages.OfType<FinishCall>().Any());
        }
    }

    static bool IsOurs(ToolResult result) => TalkIds.IsOurs(result.ToolCallId);
}
