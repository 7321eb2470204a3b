using CityMonitor.Messaging.State;
using OpenAI.Chat;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>A conversation as the messages that a model reads.</summary>
static class TalkPrompt
{
    const string GoOn = """
        The line to you broke after the words above; they have been spoken. Go on right behind them, repeat nothing of them, and say nothing when they were complete.
        """;

    const string LeftOut = "(The beginning of the call is left out here.)";

    /// <param name="spoken">What was sent of this very step before it broke off.</param>
    public static List<ChatMessage> Build(CallSession session, TalkState state, AnswerJob job, IReadOnlyList<string> spoken, int historyLength)
    {
        List<ChatMessage> messages = [ChatMessage.CreateSystemMessage(session.Prompt)];
        var history = Newest(state.History, historyLength);
        if (history.Count < state.History.Count)
        {
            messages.Add(ChatMessage.CreateSystemMessage(LeftOut));
        }

        messages.AddRange(history.Select(Message));
        if (job.Heard.Length > 0)
        {
            messages.Add(ChatMessage.CreateAssistantMessage(job.Heard));
        }

        messages.Add(ChatMessage.CreateUserMessage(job.Said));
        messages.AddRange(job.Steps.Select(Message));
        if (spoken.Count > 0)
        {
            messages.Add(ChatMessage.CreateAssistantMessage(string.Join(' ', spoken)));
            messages.Add(ChatMessage.CreateSystemMessage(GoOn));
        }

        return messages;
    }

    /// <summary>The end of the history, from a turn of the caller or the agent on: a tool's result must not stand without its call.</summary>
    static List<TalkEntry> Newest(IReadOnlyList<TalkEntry> history, int length)
    {
        var from = history.Count;
        var used = 0;
        for (var i = history.Count - 1; i >= 0; i--)
        {
            used += history[i].Text.Length + (history[i].Calls?.Sum(call => call.Name.Length + call.Arguments.Length) ?? 0);
            if (used > length)
            {
                break;
            }

            from = history[i].Role is TalkRole.Caller or TalkRole.Agent ? i : from;
        }

        return [.. history.Skip(from)];
    }

    static ChatMessage Message(TalkEntry entry) => entry.Role switch
    {
        TalkRole.Caller => ChatMessage.CreateUserMessage(entry.Text),
        TalkRole.Agent => ChatMessage.CreateAssistantMessage(entry.Text),
        TalkRole.ToolCalls => ChatMessage.CreateAssistantMessage(entry.Calls!.Select(call => ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments)))),
        _ => ChatMessage.CreateToolMessage(entry.ToolCallId!, entry.Text),
    };
}
