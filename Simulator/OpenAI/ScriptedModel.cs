using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>What the model writes and calls.</summary>
/// <param name="Pieces">In the order in which it writes them.</param>
/// <param name="FinishReason">stop, tool_calls, or length when the answer was cut.</param>
sealed record ModelAnswer(IReadOnlyList<ModelPiece> Pieces, ImmutableArray<ToolCall> Calls, string? Refusal, string FinishReason)
{
    public static ModelAnswer Of(string content, string finishReason = "stop") => new([new(content, TimeSpan.Zero)], [], null, finishReason);

    /// <summary>All that is written; null when nothing is, as with calls alone.</summary>
    public string? Content => Pieces.Count == 0 ? Calls.IsEmpty && Refusal is null ? "" : null : string.Concat(Pieces.Select(p => p.Text));

    /// <summary>The pause behind the last piece.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>It breaks off behind the last piece with this error.</summary>
    public string? Error { get; init; }
}

/// <summary>
/// Stands in for the model. Asked for JSON it fills the schema from what <see cref="TicketFacts"/> finds in the messages; else it
/// talks, as <see cref="ChatMind"/> does.
/// </summary>
static class ScriptedModel
{
    public static ModelAnswer Answer(JsonObject request, MindLibrary minds, OpenAIOptions options)
    {
        var messages = request["messages"]!.AsArray();
        var ticket = ChatRequest.TextOf(messages, "user");
        var format = request["response_format"] as JsonObject;
        var misbehaviour = options.Misbehaviour;
        if (misbehaviour == "refusal")
        {
            return new([], [], "I'm sorry, I can't assist with that request.", "stop");
        }

        if (ChatRequest.Text(format?["type"]) is not ("json_object" or "json_schema"))
        {
            return Shortened(ChatMind.Answer(request, minds, options.Mind), misbehaviour == "cut" ? 0 : MaxTokens(request));
        }

        var facts = TicketFacts.In(ticket);
        var answer = format!["json_schema"]?["schema"] is JsonObject schema ? Fill(schema, facts) : facts.Everything();
        if (misbehaviour == "extra-keys")
        {
            answer["mood"] = "worried";
            answer["explanation"] = "I looked very closely.";
        }

        var content = answer.ToJsonString();
        return misbehaviour switch
        {
            "invalid-json" => ModelAnswer.Of($"Sure! Here is the JSON you asked for: {content[..^1]},"),
            "cut" => ModelAnswer.Of(content[..(content.Length / 2)], "length"),
            _ => ModelAnswer.Of(content),
        };
    }

    static int MaxTokens(JsonObject request) =>
        (request["max_completion_tokens"] ?? request["max_tokens"]) is JsonValue limit && limit.TryGetValue<int>(out var tokens) ? tokens : int.MaxValue;

    /// <summary>The answer as it is when no more tokens may be written: it ends in the middle, and nothing is called.</summary>
    static ModelAnswer Shortened(ModelAnswer answer, int tokens)
    {
        var content = answer.Content ?? "";
        var words = ChatTokens.Of(content).ToList();
        return words.Count <= tokens ? answer : ModelAnswer.Of(string.Concat(words.Take(Math.Max(1, Math.Min(tokens == 0 ? words.Count / 2 : tokens, words.Count)))), "length");
    }

    /// <summary>A value for each property of the schema: the fact that its name speaks of, else null or the emptiest value allowed.</summary>
    static JsonObject Fill(JsonObject schema, TicketFacts facts)
    {
        var filled = new JsonObject();
        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
        {
            var type = property?["type"] switch
            {
                JsonArray types => types.Select(ChatRequest.Text).OfType<string>().ToArray(),
                var one => ChatRequest.Text(one) is { } single ? [single] : ["string", "null"],
            };
            filled[name] = Shape(facts.About(name), type, property as JsonObject, facts);
        }

        return filled;
    }

    static JsonNode? Shape(JsonNode? fact, string[] types, JsonObject? property, TicketFacts facts)
    {
        if (types.Contains("object"))
        {
            return Fill(property!, facts);
        }

        if (types.Contains("array"))
        {
            return fact as JsonArray ?? [];
        }

        var allowed = (property?["enum"] as JsonArray)?.Select(ChatRequest.Text).OfType<string>().ToList();
        if (allowed is not null && (fact is null || !allowed.Contains(fact.ToString(), StringComparer.OrdinalIgnoreCase)))
        {
            return types.Contains("null") || property!["enum"]!.AsArray().Contains(null) ? null : allowed.FirstOrDefault();
        }

        return fact?.GetValueKind() switch
        {
            null when types.Contains("null") => null,
            JsonValueKind.String when types.Contains("string") => allowed?.First(a => a.Equals(fact.ToString(), StringComparison.OrdinalIgnoreCase)) ?? fact,
            JsonValueKind.Number when types.Contains("number") => fact,
            JsonValueKind.Number when types.Contains("integer") => (int)Math.Round((double)fact),
            JsonValueKind.Number when types.Contains("string") => fact.ToString(),
            JsonValueKind.Array when types.Contains("string") => fact.AsArray().FirstOrDefault()?.ToString() ?? "",
            _ when types.Contains("null") => null,
            _ when types.Contains("string") => "",
            _ when types.Contains("boolean") => false,
            _ => 0,
        };
    }
}
