using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>What a tool was told and answered, as it may be kept: no card numbers, nothing under a name that sounds like a secret.</summary>
static partial class Redaction
{
    const string Hidden = "[redacted]";

    [GeneratedRegex("token|secret|passw|api_?key|authori[sz]ation|credential|^pin$|cvc|cvv", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    static partial Regex SecretName { get; }

    public static string Json(string text)
    {
        try
        {
            if (JsonNode.Parse(text) is { } node && node is JsonObject or JsonArray)
            {
                Clean(node);
                return node.ToJsonString(AgentJson.Relaxed.Options);
            }
        }
        catch (Exception error) when (error is JsonException or ArgumentException or InvalidOperationException)
        {
            // A model may write anything, also a name twice (ArgumentException) or half a character (InvalidOperationException); then it is a text like any other.
        }

        return CardNumbers.Redact(text);
    }

    static void Clean(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields.ToList())
                {
                    fields[name] = SecretName.IsMatch(name) ? Hidden : Cleaned(value);
                }

                break;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++)
                {
                    items[i] = Cleaned(items[i]);
                }

                break;
            default:
                break;
        }
    }

    static JsonNode? Cleaned(JsonNode? value)
    {
        if (value is JsonValue leaf && leaf.GetValueKind() is JsonValueKind.String or JsonValueKind.Number)
        {
            var text = leaf.ToString();
            var redacted = CardNumbers.Redact(text);
            return redacted == text ? leaf.DeepClone() : redacted;
        }

        Clean(value);
        return value?.DeepClone();
    }
}
