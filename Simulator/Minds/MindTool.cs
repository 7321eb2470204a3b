using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Minds;

/// <summary>A function that the settings offer. <paramref name="ClientSide"/>: it has no endpoint, so the client runs it.</summary>
/// <param name="DeferUntilEot">It is asked for only when the caller's turn has ended for certain.</param>
sealed record MindTool(string Name, JsonElement? Parameters, bool ClientSide, bool DeferUntilEot)
{
    /// <summary>The arguments as the JSON text of a request: typed as the schema says, without those it does not know or that are empty.</summary>
    public string Arguments(IReadOnlyDictionary<string, string> values)
    {
        var arguments = new JsonObject();
        foreach (var (name, value) in values)
        {
            if (value.Length == 0 || TypeOf(name) is not { } type)
            {
                continue;
            }

            arguments[name] = type switch
            {
                "integer" when long.TryParse(value, CultureInfo.InvariantCulture, out var number) => number,
                "number" when double.TryParse(value, CultureInfo.InvariantCulture, out var number) => number,
                "boolean" when bool.TryParse(value, out var flag) => flag,
                _ => value,
            };
        }

        return arguments.ToJsonString();
    }

    // Without a schema everything goes, as text.
    string? TypeOf(string argument)
    {
        if (Parameters is not { ValueKind: JsonValueKind.Object } schema || !schema.TryGetProperty("properties", out var properties))
        {
            return "string";
        }

        if (properties.ValueKind != JsonValueKind.Object || !properties.TryGetProperty(argument, out var property))
        {
            return null;
        }

        if (property.ValueKind != JsonValueKind.Object || !property.TryGetProperty("type", out var type))
        {
            return "string";
        }

        return type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(t => t.ToString()).FirstOrDefault(t => t != "null", "string")
            : type.ToString();
    }
}

/// <summary>One message of <c>agent.context.messages</c>: something said, or function calls with their responses.</summary>
sealed record MindMessage(string? Role, string? Content, IReadOnlyList<MindCall> Calls);

sealed record MindCall(string Name, string Arguments, string Response);
