using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>A piece of what a model writes.</summary>
/// <param name="Wait">How long it pauses before it.</param>
sealed record ModelPiece(string Text, TimeSpan Wait);

/// <summary>
/// A scripted mind behind chat completions, where each request brings the whole conversation. The mind goes through its messages again:
/// what was said and what tools answered is told to it, and what the assistant said, as far as it was heard, corrects it.
/// </summary>
sealed class ChatMind
{
    readonly Mind mind;
    readonly bool oneCall;
    readonly Dictionary<string, (string Name, string Arguments)> calls = [];
    MindState state;
    MindPlan? plan;
    string heard = "";

    // The rest of what the assistant had begun to say when it broke off.
    string unsaid = "";

    ChatMind(Mind mind, bool oneCall, string prompt)
    {
        (this.mind, this.oneCall) = (mind, oneCall);
        state = mind.Begin(prompt, []);
    }

    /// <summary>What the model answers to a request.</summary>
    public static ModelAnswer Answer(JsonObject request, MindLibrary minds, string always)
    {
        var messages = request["messages"]!.AsArray().OfType<JsonObject>().ToList();
        var prompt = ChatRequest.TextOf(request["messages"]!.AsArray(), "system", "developer");
        var offered = ChatRequest.Text(request["tool_choice"]) == "none" ? [] : Tools(request);
        var tags = (request["metadata"] as JsonObject)?.Select(p => ChatRequest.Text(p.Value)).OfType<string>().ToList() ?? [];
        var script = always.Length > 0 ? minds.Named(always) : minds.Choose(tags, offered.Keys, prompt);
        var oneCall = request["parallel_tool_calls"] is JsonValue parallel && parallel.GetValueKind() == JsonValueKind.False;

        // What was called before counts as offered then, though a later stage may not offer it any more.
        var known = new Dictionary<string, MindTool>(offered);
        foreach (var call in messages.SelectMany(m => m["tool_calls"] as JsonArray ?? []))
        {
            var name = (string)call!["function"]!["name"]!;
            known.TryAdd(name, new MindTool(name, null, true, true));
        }

        var past = new ChatMind(new Mind(script, known), oneCall, prompt);
        messages.ForEach(past.Remember);
        past.Understand();
        return new ChatMind(new Mind(script, offered), oneCall, prompt) { state = past.state, plan = past.plan, unsaid = past.unsaid }.Speak(mayBeSilent: ChatRequest.Text(messages[^1]["role"]) != "user");
    }

    void Remember(JsonObject message)
    {
        var role = (string)message["role"]!;
        var content = ChatRequest.TextOf([message.DeepClone()], role);
        if (role == "user")
        {
            // Several in a row are one thing said in pieces.
            heard = $"{heard} {content}".Trim();
            unsaid = "";
            return;
        }

        Understand();
        switch (role)
        {
            case "assistant":
                Said(content);
                foreach (var call in message["tool_calls"] as JsonArray ?? [])
                {
                    Called((string)call!["id"]!, (string)call["function"]!["name"]!, (string?)call["function"]!["arguments"] ?? "{}");
                }

                break;
            case "tool" when calls.TryGetValue((string)message["tool_call_id"]!, out var call):
                Answered(call.Name, call.Arguments, content);
                break;
        }
    }

    void Understand()
    {
        if (heard.Length > 0)
        {
            var reaction = mind.OnUser(state, heard);
            (state, plan) = reaction is { } known ? (known.State, known.Plan) : (state.With("utterance", heard), null);
            heard = "";
        }
    }

    void Said(string content)
    {
        var left = content.Trim();
        while (plan is not null && left.Length > 0 && mind.Next(state, plan, oneCall) is { Act: MindAct.Say or MindAct.Wait } next)
        {
            var say = (next.Act as MindAct.Say)?.Text ?? "";
            if (!left.StartsWith(say, StringComparison.Ordinal) && !say.StartsWith(left, StringComparison.Ordinal))
            {
                break;
            }

            (state, plan) = (next.State, next.Left);
            unsaid = left.Length < say.Length ? say[left.Length..].Trim() : "";
            left = left.Length < say.Length ? "" : left[say.Length..].Trim();
        }

        state = mind.Recall(state, new MindMessage("assistant", content, []));
    }

    void Called(string id, string name, string arguments)
    {
        calls[id] = (name, arguments);
        unsaid = "";
        while (plan is not null)
        {
            var next = mind.Next(state, plan, oneCall: true);
            (state, plan) = next is { } one ? (one.State, one.Left) : (state, null);
            if (next?.Act is MindAct.Call call && call.Calls[0].Name == name)
            {
                return;
            }
        }
    }

    void Answered(string name, string arguments, string content)
    {
        state = mind.Recall(state, new MindMessage(null, null, [new MindCall(name, arguments, content)]));
        if (mind.OnTool(state, name, content) is { } reaction)
        {
            // A rule without steps only reads the result.
            state = reaction.State;
            plan = reaction.Plan.Steps.IsEmpty ? plan : reaction.Plan;
        }
    }

    /// <param name="mayBeSilent">Where nobody has just spoken, nothing is an answer too. A model always has a word for a person.</param>
    ModelAnswer Speak(bool mayBeSilent)
    {
        var pieces = new List<ModelPiece>();
        if (unsaid.Length > 0)
        {
            pieces.Add(new(unsaid, TimeSpan.Zero));
        }

        var wait = TimeSpan.Zero;
        while (plan is not null && mind.Next(state, plan, oneCall) is { } next)
        {
            (state, plan) = (next.State, next.Left);
            switch (next.Act)
            {
                case MindAct.Say say:
                    pieces.Add(new(pieces.Count == 0 ? say.Text : $" {say.Text}", wait));
                    wait = TimeSpan.Zero;
                    break;
                case MindAct.Wait pause:
                    wait += pause.Length;
                    break;
                case MindAct.Complain complaint:
                    return new(pieces, [], null, "stop") { Error = complaint.Fatal ? complaint.Code : null, Wait = wait };
                case MindAct.Call call:
                    return new(pieces, call.Calls, null, "tool_calls") { Wait = wait };
            }
        }

        if (pieces.Count == 0 && !mayBeSilent)
        {
            pieces.Add(new("Goodbye.", wait));
        }

        return new(pieces, [], null, "stop") { Wait = wait };
    }

    static Dictionary<string, MindTool> Tools(JsonObject request) =>
        (request["tools"] as JsonArray ?? []).Select(t => t!["function"]!.AsObject()).ToDictionary(
            f => (string)f["name"]!,
            f => new MindTool((string)f["name"]!, f["parameters"] is { } parameters ? JsonSerializer.SerializeToElement(parameters) : null, true, true));
}
