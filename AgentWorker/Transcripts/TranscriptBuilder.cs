using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>Makes the record of a call out of what Redis knows of it: the same facts give the same document, byte for byte.</summary>
static class TranscriptBuilder
{
    const int Version = 1;

    /// <param name="session">Null where Redis has lost it.</param>
    public static TranscriptDocument Build(CallId call, CallSummary summary, CallSession? session, IReadOnlyList<Turn> turns, IReadOnlyList<ToolCallRecord> tools)
    {
        var began = Began(summary, turns);
        List<RecordedTurn> recorded = [.. turns.Select(turn => Of(turn, began))];
        return new TranscriptDocument(
            call.Value,
            UserId(summary.Number),
            string.Join('\n', recorded.Select(turn => $"{turn.Who.ToUpperInvariant()}: {turn.Text}")),
            began,
            summary.AnsweredAt is null && turns.Count == 0 ? 0 : Math.Round(Math.Max(0, (summary.EndedAt - began).TotalSeconds), 1),
            Version, summary.Direction, summary.Number?.Value, session?.Engine, session?.Flow, session?.Language, summary.Incident?.Value, summary.TicketId,
            summary.AskedAt, summary.AnsweredAt, summary.EndedAt, summary.Outcome, summary.Detail,
            recorded,
            [.. recorded.Index().Where(turn => turn.Item is { Who: "bot", Interrupted: true }).Select(turn => new RecordedInterruption(turn.Index, turn.Item.EndedMs))],
            [.. tools.Select(tool => new RecordedTool(tool.Id, tool.Name, Json(tool.Arguments), Json(tool.Result), tool.Succeeded, Offset(tool.At, began), Math.Round(tool.Milliseconds, 1)))]);
    }

    /// <summary>Services' clocks differ by a little, and the first word may be heard before its worker knows of the answer.</summary>
    static DateTimeOffset Began(CallSummary summary, IReadOnlyList<Turn> turns)
    {
        var answered = summary.AnsweredAt ?? summary.AskedAt;
        return turns.Count > 0 && (turns[0].StartedAt ?? turns[0].At) is var first && (first < answered || summary.AnsweredAt is null) ? first : answered;
    }

    static RecordedTurn Of(Turn turn, DateTimeOffset began) => new(
        turn.Speaker == Speaker.Agent ? "bot" : "human", CardNumbers.Redact(turn.Text), turn.StartedAt is { } started ? Offset(started, began) : null, Offset(turn.At, began),
        turn.Interrupted, turn.Source == TurnSource.Keypad ? "keypad" : "speech", turn.Timings);

    static long Offset(DateTimeOffset at, DateTimeOffset began) => (long)Math.Round(Math.Max(0, (at - began).TotalMilliseconds));

    static JsonNode? Json(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    /// <summary>A pseudonym: tells callers apart without naming them.</summary>
    static int UserId(PhoneNumber? number) =>
        number is { } known ? Math.Max(1, BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(known.Value))) & int.MaxValue) : 0;
}
