using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>
/// A message from Deepgram's voice agent: the union of the fields we use. Samples of the raw frames:
/// <code>
/// {"type":"Welcome","request_id":"fc553ec9-..."}
/// {"type":"ConversationText","role":"assistant","content":"Which unit are you with?"}
/// {"type":"FunctionCallRequest","functions":[{"id":"fc_12345","name":"accept_incident","arguments":"{\"eta\":10}","client_side":true}]}
/// {"type":"FunctionCallCancelled","functions":[{"id":"fc_12345"}]}
/// {"type":"Error","description":"...","code":"CLIENT_MESSAGE_TIMEOUT"}
/// </code>
/// </summary>
sealed record AgentMessage(
    string? Type,
    string? Role,
    JsonElement Content,
    string? Code,
    string? Description,
    string? Message,
    string? Id,
    IReadOnlyList<AgentFunction>? Functions)
{
    public string? Text => Content.ValueKind == JsonValueKind.String ? TextOf(Content) : null;

    /// <summary>Null for half a surrogate pair ("\ud800"), which is valid JSON and no text, and for bytes that are no UTF-8.</summary>
    internal static string? TextOf(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : element.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

/// <param name="Arguments">A string that holds JSON; tolerated as JSON itself.</param>
/// <param name="ClientSide">Absent means ours, since we declare no endpoint.</param>
sealed record AgentFunction(string? Id, string? Name, JsonElement Arguments, [property: JsonPropertyName("client_side")] bool? ClientSide)
{
    public string ArgumentsJson => Arguments.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "{}",
        _ => AgentMessage.TextOf(Arguments) ?? "null", // no object: the model is told so
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(AgentMessage))]
sealed partial class AgentJson : JsonSerializerContext;
