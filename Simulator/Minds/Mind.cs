using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Minds;

/// <summary>What the mind knows at a moment. Immutable, so that a guess can be thrown away.</summary>
sealed record MindState(ImmutableDictionary<string, string> Slots)
{
    public string this[string slot] => Slots.GetValueOrDefault(slot, "");

    public MindState With(string slot, string value) => new(Slots.SetItem(slot, value));
}

/// <summary>What is still to be done in a turn.</summary>
sealed record MindPlan(ImmutableList<MindStep> Steps);

abstract record MindAct
{
    public sealed record Say(string Text) : MindAct;

    public sealed record Call(ImmutableArray<ToolCall> Calls) : MindAct;

    public sealed record Wait(TimeSpan Length) : MindAct;

    public sealed record Complain(string Code, bool Fatal) : MindAct;
}

sealed record ToolCall(string Name, string Arguments);

/// <summary>A scripted mind in one conversation. It has no state of its own: states go in and come out.</summary>
sealed partial class Mind(MindScript script, IReadOnlyDictionary<string, MindTool> tools)
{
    public string Name => script.Name;

    public MindState Begin(string prompt, IEnumerable<MindMessage> history)
    {
        var state = ReadPrompt(new MindState(ImmutableDictionary<string, string>.Empty.AddRange(script.Start)), prompt);
        return history.Aggregate(state, (s, message) => Recall(s, message));
    }

    public MindState ReadPrompt(MindState state, string prompt)
    {
        foreach (var (slot, expressions) in script.Facts)
        {
            var match = expressions.Select(e => Find(prompt, e)).FirstOrDefault(m => m.Success);
            state = match is null ? state : state.With(slot, match.Groups[1].Value.Trim());
        }

        return state;
    }

    /// <summary>What to do at the start, when nobody has spoken; null when the mind waits for the caller.</summary>
    public (MindState State, MindPlan Plan)? OnStart(MindState state) => React(state, MindOccasion.Start, "", null, false);

    public (MindState State, MindPlan Plan)? OnUser(MindState state, string utterance) =>
        React(state.With("utterance", utterance), MindOccasion.User, utterance, null, false);

    /// <summary>What a tool's result changes; null when the plan simply goes on.</summary>
    public (MindState State, MindPlan Plan)? OnTool(MindState state, string tool, string content) =>
        React(state.With("result", content), MindOccasion.Tool, content, tool, IsError(content));

    /// <summary>Carries the plan on to the next act that others can see. Null when it is done.</summary>
    /// <param name="oneCall">Calls that stand one after the other are acts of their own.</param>
    public (MindState State, MindPlan Left, MindAct Act)? Next(MindState state, MindPlan plan, bool oneCall = false)
    {
        var steps = plan.Steps;
        while (!steps.IsEmpty)
        {
            var step = steps[0];
            steps = steps.RemoveAt(0);
            if (!Holds(state, step.If) || (step.IfTool is { } needed && !tools.ContainsKey(needed)))
            {
                continue;
            }

            if (step.Part is { } part)
            {
                steps = steps.InsertRange(0, script.Parts[part]);
            }
            else if (step.Set is { } set)
            {
                state = set.Aggregate(state, (s, one) => s.With(one.Key, Fill(s, one.Value)));
            }
            else if (step.Say is { } say)
            {
                var text = Spaces().Replace(Fill(state, say), " ").Trim();
                if (text.Length > 0)
                {
                    return (state.With("said", text), new MindPlan(steps), new MindAct.Say(text));
                }
            }
            else if (step.Wait is { } wait)
            {
                return (state, new MindPlan(steps), new MindAct.Wait(TimeSpan.FromMilliseconds(wait)));
            }
            else if ((step.Error ?? step.Warning) is { } code)
            {
                return (state, new MindPlan(steps), new MindAct.Complain(code, step.Error is not null));
            }
            else if (Offered(step))
            {
                // Calls that stand one after the other are asked for at once, as models do.
                var calls = ImmutableArray.Create(CallOf(state, step));
                while (!oneCall && !steps.IsEmpty && Offered(steps[0]) && Holds(state, steps[0].If))
                {
                    calls = calls.Add(CallOf(state, steps[0]));
                    steps = steps.RemoveAt(0);
                }

                return (state, new MindPlan(steps), new MindAct.Call(calls));
            }
        }

        return null;
    }

    /// <summary>Whether a tool's result tells of an error: <c>{"error":...}</c>, <c>{"ok":false}</c>, or text that begins so.</summary>
    public static bool IsError(string content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && ((json.RootElement.TryGetProperty("error", out var error) && error.ValueKind is not (JsonValueKind.Null or JsonValueKind.False))
                    || (json.RootElement.TryGetProperty("ok", out var ok) && ok.ValueKind == JsonValueKind.False)
                    || (json.RootElement.TryGetProperty("success", out var success) && success.ValueKind == JsonValueKind.False));
        }
        catch (JsonException)
        {
            return content.StartsWith("error", StringComparison.OrdinalIgnoreCase) || content.StartsWith("failed", StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>What a message of an earlier conversation, or one that others put into the agent's mouth, means for the state.</summary>
    public MindState Recall(MindState state, MindMessage message)
    {
        if (message is { Role: "assistant", Content: { } said })
        {
            // Only what the script knows as its own question is worth repeating.
            return script.Recall.Assistant.Find(a => Find(said, a.Match).Success) is { } memory ? Remember(state.With("said", said), memory) : state;
        }

        foreach (var call in message.Calls)
        {
            if (script.Recall.Tools.TryGetValue(call.Name, out var memory) && !IsError(call.Response))
            {
                state = memory.Keep.Aggregate(
                    Remember(state, memory), (s, keep) => FirstProperty(call.Arguments, [keep.Value]) is { } value ? s.With(keep.Key, value) : s);
            }
        }

        return state;
    }

    static MindState Remember(MindState state, MindMemory memory) => memory.Set.Aggregate(state, (s, one) => s.With(one.Key, Fill(s, one.Value)));

    bool Offered(MindStep step) => step.Call is { } name && (step.Anyway || tools.ContainsKey(name));

    ToolCall CallOf(MindState state, MindStep step) => new(
        step.Call!,
        step.Raw ?? (tools.TryGetValue(step.Call!, out var tool) ? tool.Arguments(step.With.ToDictionary(a => a.Key, a => Fill(state, a.Value))) : "{}"));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
