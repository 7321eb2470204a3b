using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>The record of one call. The first five fields are those of the call agent that this system replaces.</summary>
/// <param name="ConversationId">The call's id, for example fd-4711.1.</param>
/// <param name="UserId">Stands for the other end's phone number, the same in all of its calls; 0 where the number is withheld or erased.</param>
/// <param name="Transcript">Lines of BOT: and HUMAN:, as heard.</param>
/// <param name="Timestamp">When it was answered, else when it was asked for; the offsets of the turns count from here.</param>
/// <param name="Duration">Seconds from the answer to the end; 0 where nobody answered.</param>
/// <param name="ErasedAt">The person has asked to be forgotten: texts, numbers and names are gone, counts and outcomes stay.</param>
sealed record TranscriptDocument(
    string ConversationId, int UserId, string Transcript, DateTimeOffset Timestamp, double Duration,
    int Version, string Direction, string? Phone, string? Engine, string? Flow, string? Language, string? IncidentId, long? TicketId,
    DateTimeOffset AskedAt, DateTimeOffset? AnsweredAt, DateTimeOffset EndedAt, string Outcome, string? Detail,
    IReadOnlyList<RecordedTurn> Turns, IReadOnlyList<RecordedInterruption> Interruptions, IReadOnlyList<RecordedTool> ToolCalls, DateTimeOffset? ErasedAt = null);

/// <param name="Who">bot or human.</param>
/// <param name="StartedMs">Of its first sound; null where nobody knows.</param>
/// <param name="Source">speech or keypad.</param>
sealed record RecordedTurn(string Who, string Text, long? StartedMs, long EndedMs, bool Interrupted, string Source, TurnTimings? Timings);

/// <summary>The human spoke into what the bot said.</summary>
/// <param name="Turn">Place of the interrupted turn in turns, from 0.</param>
sealed record RecordedInterruption(int Turn, long AtMs);

/// <param name="Arguments">JSON as the model wrote it, or its text where it is none.</param>
/// <param name="Ms">From the request to the answer.</param>
sealed record RecordedTool(string Id, string Name, JsonNode? Arguments, JsonNode? Result, bool Succeeded, long AtMs, double Ms);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TranscriptDocument))]
sealed partial class TranscriptJson : JsonSerializerContext
{
    /// <summary>Read by people and their tools: letters of every script as they are.</summary>
    public static readonly TranscriptJson Readable = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
