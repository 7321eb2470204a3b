using System.Text.Json;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>
/// What is said when a tool has worked after the responder was told that it did not: nobody may hang up in the belief that their yes,
/// or their no, was not taken.
/// </summary>
static class LateAnswers
{
    /// <summary>Null where the responder's belief is right, or no matter.</summary>
    public static string? Correction(ToolCall call, string content, IReadOnlyList<ToolDefinition> tools) =>
        !tools.Any(tool => tool.Name == call.Name && tool.HasEffect) || IsError(content) ? null : call.Name switch
        {
            "end_call" => null, // the end itself follows
            "accept_incident" => "One correction: your acceptance has been recorded after all.",
            "decline_incident" => "One correction: your answer has been recorded after all.",
            "record_responder" => "One correction: your details have been recorded after all.",
            "send_whatsapp_message" => "One correction: the message is on its way after all.",
            _ => "One correction: what I said had not worked has worked after all.",
        };

    static bool IsError(string content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out _);
        }
        catch (JsonException)
        {
            return false; // plain words are an answer too
        }
    }
}
