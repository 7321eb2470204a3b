using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.MediaBridge.Playback;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Field `speaking` of a call: what the agent is saying, and how many characters of it were heard at the last mark.</summary>
sealed record SpeakingPosition(string Text, int Heard)
{
    /// <summary>The part that was heard in whole sentences, and the rest from the first sentence that was not.</summary>
    public (string Heard, string Unheard) Split()
    {
        var unheard = Sentences.Unheard(Text, Heard);
        return (Text[..^Math.Min(unheard.Length, Text.Length)].Trim(), unheard);
    }

    public static SpeakingPosition? Parse(string? json)
    {
        try
        {
            return string.IsNullOrEmpty(json) ? null : JsonSerializer.Deserialize(json, SessionsJson.Default.SpeakingPosition);
        }
        catch (JsonException)
        {
            return null; // the call goes on without a repetition
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SpeakingPosition))]
[JsonSerializable(typeof(BridgeStatus))]
sealed partial class SessionsJson : JsonSerializerContext;

/// <summary>GET /status.</summary>
sealed record BridgeStatus(
    string Service, string Bridge, bool Draining, int Free, int Live, IReadOnlyList<StreamStatus>? Streams, IReadOnlyList<ServiceDefaults.VendorMode> Vendors, IReadOnlyList<ServiceDefaults.Alert> Alerts,
    IReadOnlyList<ServiceDefaults.Watched> Watched, IReadOnlyList<ServiceDefaults.QuotaUse> Quotas);

/// <param name="Engine">opening | open | failed.</param>
sealed record StreamStatus(string Call, int Stream, DateTimeOffset Since, string Engine, bool AgentSpeaking, bool CallerSpeaking, int PendingTools, int Turns, string? Ending);
