using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The function calls of a conversation: asked for, withdrawn, answered.</summary>
sealed partial class AgentConversation
{
    /// <summary>What was worked out at a pause, before the end of the turn was certain.</summary>
    sealed record Guess(string Text, MindState State, MindPlan Rest, List<PendingCall> Calls);

    MindAct.Call? afterSpeech;

    List<PendingCall> pending = [];

    Guess? guess;

    /// <summary>The caller pauses: functions that are not deferred are asked for now, on the guess that the turn is over.</summary>
    public void UserPaused(string text)
    {
        text = Together(text);
        if (text.Length == 0 || pending.Count > 0 || mind.OnUser(state, text) is not { } reaction
            || mind.Next(reaction.State, reaction.Plan) is not { Act: MindAct.Call call } next)
        {
            return;
        }

        var calls = Pending(call);
        if (calls.TrueForAll(c => !c.Deferred))
        {
            guess = new Guess(text, next.State, next.Left, calls);
            Ask(calls);
        }
    }

    public void UserResumed()
    {
        if (guess is not null)
        {
            Cancel(guess.Calls);
            guess = null;
        }
    }

    public void ToolAnswered(string id, string content)
    {
        if (guess?.Calls.FindIndex(c => c.Id == id) is >= 0 and var early)
        {
            guess.Calls[early] = guess.Calls[early] with { Response = content };
            return;
        }

        var index = pending.FindIndex(c => c.Id == id && c.Response is null);
        timeline.Add(index < 0 ? "agent.tool-late" : "agent.tool-answered", requestId, new() { ["id"] = id, ["content"] = content });
        if (index >= 0)
        {
            pending[index] = pending[index] with { Response = content };
            FinishCalls();
        }
    }

    void FinishCalls()
    {
        if (pending.Exists(c => c.Response is null))
        {
            return;
        }

        var done = pending;
        pending = [];
        MindPlan? instead = null;
        foreach (var call in done)
        {
            if (settings.History)
            {
                socket.Send(AgentMessages.History(call, call.Response!));
            }

            if (mind.OnTool(state, call.Name, call.Response!) is { } reaction)
            {
                // A rule without steps only reads the result.
                state = reaction.State;
                instead = reaction.Plan.Steps.IsEmpty ? instead : new MindPlan([.. instead?.Steps ?? [], .. reaction.Plan.Steps]);
            }
        }

        plan = instead ?? plan;
        Continue();
    }

    List<PendingCall> Pending(MindAct.Call call) =>
        [.. call.Calls.Select(c => new PendingCall($"call_{Guid.NewGuid():N}", c.Name, c.Arguments, Functions.GetValueOrDefault(c.Name)?.DeferUntilEot ?? true))];

    void Ask(List<PendingCall> calls)
    {
        calls.ForEach(c => timeline.Add("agent.tool", requestId, new() { ["id"] = c.Id, ["name"] = c.Name, ["arguments"] = c.Arguments }));
        socket.Send(AgentMessages.FunctionCallRequest(calls));
    }

    void Cancel(List<PendingCall> calls)
    {
        calls.ForEach(c => timeline.Add("agent.tool-cancelled", requestId, new() { ["id"] = c.Id, ["name"] = c.Name }));
        socket.Send(AgentMessages.FunctionCallCancelled(calls));
    }
}
