using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>What the chat endpoint would refuse, with the parameter that it would name.</summary>
sealed record RequestProblem(string Message, string? Param, string? Code = null);

static class ChatRequest
{
    public static RequestProblem? Problem(JsonNode? body)
    {
        if (body is not JsonObject request)
        {
            return new("The body must be an object.", null);
        }

        if (Text(request["model"]) is null)
        {
            return new("you must provide a model parameter", "model");
        }

        if (request["messages"] is not JsonArray { Count: > 0 } messages)
        {
            return new("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
        }

        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i] is not JsonObject message || Text(message["role"]) is not ("developer" or "system" or "user" or "assistant" or "tool"))
            {
                return new($"Invalid value for 'messages[{i}].role'.", $"messages[{i}].role", "invalid_value");
            }
        }

        if (request["n"] is JsonValue many && many.ToString() != "1")
        {
            return new("The simulator gives one choice only.", "n", "unsupported_value");
        }

        if (request["stream_options"] is not null && !IsStream(request))
        {
            return new("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options");
        }

        return Calls(messages) ?? Tools(request["tools"]) ?? Format(request, messages);
    }

    public static bool IsStream(JsonObject request) => request["stream"] is JsonValue stream && stream.GetValueKind() == JsonValueKind.True;

    // Every call of the assistant must be answered by a tool message before anybody speaks again.
    static RequestProblem? Calls(JsonArray messages)
    {
        var open = new List<string>();
        for (var i = 0; i < messages.Count; i++)
        {
            var message = messages[i]!.AsObject();
            if (Text(message["role"]) == "tool")
            {
                if (!open.Remove(Text(message["tool_call_id"]) ?? ""))
                {
                    return new("Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", $"messages.[{i}].role");
                }

                continue;
            }

            if (open.Count > 0)
            {
                return Unanswered(open, i);
            }

            foreach (var call in message["tool_calls"] as JsonArray ?? [])
            {
                if (Text(call?["id"]) is not { } id || Text(call!["function"]?["name"]) is null || Text(call["function"]!["arguments"]) is null)
                {
                    return new($"Missing required parameter: 'messages[{i}].tool_calls'.", $"messages[{i}].tool_calls", "missing_required_parameter");
                }

                open.Add(id);
            }
        }

        return open.Count > 0 ? Unanswered(open, messages.Count) : null;
    }

    static RequestProblem Unanswered(List<string> open, int at) => new(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
        $"The following tool_call_ids did not have response messages: {string.Join(", ", open)}", $"messages.[{at}].role");

    static RequestProblem? Tools(JsonNode? tools)
    {
        if (tools is null)
        {
            return null;
        }

        if (tools is not JsonArray { Count: > 0 } list)
        {
            return new("Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.", "tools", "empty_array");
        }

        for (var i = 0; i < list.Count; i++)
        {
            var name = Text(list[i]?["function"]?["name"]);
            if (Text(list[i]?["type"]) != "function" || name is null)
            {
                return new($"Missing required parameter: 'tools[{i}].function.name'.", $"tools[{i}].function.name", "missing_required_parameter");
            }

            if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
            {
                return new($"Invalid 'tools[{i}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", $"tools[{i}].function.name", "invalid_value");
            }

            if (list.Take(i).Any(other => Text(other?["function"]?["name"]) == name))
            {
                return new($"Invalid 'tools': '{name}' is there twice.", "tools", "invalid_value");
            }
        }

        return null;
    }

    /// <summary>All text of the messages with these roles, in order; content may be a string or parts.</summary>
    public static string TextOf(JsonArray messages, params ReadOnlySpan<string> roles)
    {
        var texts = new List<string>();
        foreach (var message in messages.OfType<JsonObject>())
        {
            if (roles.Contains(Text(message["role"]) ?? ""))
            {
                texts.Add(message["content"] switch
                {
                    JsonArray parts => string.Join('\n', parts.OfType<JsonObject>().Select(p => Text(p["text"])).OfType<string>()),
                    var content => Text(content) ?? "",
                });
            }
        }

        return string.Join('\n', texts);
    }

    public static string? Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    static RequestProblem? Format(JsonObject request, JsonArray messages)
    {
        if (request["response_format"] is not { } format)
        {
            return null;
        }

        switch (Text((format as JsonObject)?["type"]))
        {
            case "text":
                return null;
            case "json_object":
                return TextOf(messages, "developer", "system", "user", "assistant").Contains("json", StringComparison.OrdinalIgnoreCase)
                    ? null
                    : new("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", "messages");
            case "json_schema":
                return format["json_schema"] is JsonObject schema && Text(schema["name"]) is not null
                    ? Strict(schema)
                    : new("Missing required parameter: 'response_format.json_schema.name'.", "response_format.json_schema.name", "missing_required_parameter");
            default:
                return new("Invalid value for 'response_format.type'. Supported values are: 'json_object', 'json_schema', and 'text'.", "response_format.type", "invalid_value");
        }
    }

    // A strict schema must close its object and require every property.
    static RequestProblem? Strict(JsonObject named)
    {
        if (named["strict"] is not JsonValue strict || strict.GetValueKind() != JsonValueKind.True || named["schema"] is not JsonObject schema)
        {
            return null;
        }

        var name = Text(named["name"]);
        if (schema["additionalProperties"] is not JsonValue closed || closed.GetValueKind() != JsonValueKind.False)
        {
            return new($"Invalid schema for response_format '{name}': In context=(), 'additionalProperties' is required to be supplied and to be false.", "response_format");
        }

        var required = (schema["required"] as JsonArray)?.Select(Text).ToList() ?? [];
        var missing = (schema["properties"] as JsonObject)?.Select(p => p.Key).FirstOrDefault(p => !required.Contains(p));
        return missing is null ? null
            : new($"Invalid schema for response_format '{name}': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'.", "response_format");
    }
}
