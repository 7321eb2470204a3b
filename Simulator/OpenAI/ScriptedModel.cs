using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.OpenAI;

/// <param name="FinishReason">stop, or length when the answer was cut.</param>
sealed record ModelAnswer(string? Content, string? Refusal, string FinishReason);

/// <summary>
/// Stands in for the model. Asked for JSON it fills the schema from what <see cref="TicketFacts"/> finds in the messages; asked for
/// text it answers with one line.
/// </summary>
static class ScriptedModel
{
    public static ModelAnswer Answer(JsonObject request, string misbehaviour)
    {
        var messages = request["messages"]!.AsArray();
        var ticket = ChatRequest.TextOf(messages, "user");
        var format = request["response_format"] as JsonObject;
        if (misbehaviour == "refusal")
        {
            return new(null, "I'm sorry, I can't assist with that request.", "stop");
        }

        if (ChatRequest.Text(format?["type"]) is not ("json_object" or "json_schema"))
        {
            return new($"You wrote {ticket.Length} characters.", null, "stop");
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
            "invalid-json" => new($"Sure! Here is the JSON you asked for: {content[..^1]},", null, "stop"),
            "cut" => new(content[..(content.Length / 2)], null, "length"),
            _ => new(content, null, "stop"),
        };
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
