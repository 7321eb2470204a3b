using System.Text.Json.Serialization;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Streams;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

/// <summary>A stream as the control API shows it.</summary>
sealed record StreamAnswer(
    string Sid, string Name, string Url, bool Bidirectional, IReadOnlyDictionary<string, string> Parameters,
    DateTimeOffset? StartedAt, DateTimeOffset? StoppedAt, string? EndedBy, long FramesSent, long FramesDropped,
    long MediaMessages, long BytesReceived, long BytesPlayed, int Underruns,
    IReadOnlyList<MarkEntry> Marks, IReadOnlyList<ClearEntry> Clears, IReadOnlyList<string> Errors);

/// <summary>A call with everything that happened on it.</summary>
sealed record CallAnswer(
    string Sid, string To, string From, string Direction, string Phone, string Status, string? ParentSid, DateTimeOffset Created,
    DateTimeOffset? Started, DateTimeOffset? Ended, int? DurationSeconds, string? AnsweredBy, string? EndReason, PhoneSnapshot Heard,
    IReadOnlyList<CallEntry> History, IReadOnlyList<CallFault> Errors, IReadOnlyList<StreamAnswer> Streams);

/// <summary><c>GET /calls</c> and <c>GET /calls/{sid}</c> on the control port.</summary>
static class CallsControl
{
    public static IEndpointRouteBuilder MapCallsControl(this IEndpointRouteBuilder control)
    {
        control.MapGet("/calls", (CallBook book, string? phone, string? status, int? limit) => TypedResults.Json(
            book.List().Where(call => (phone is null || call.PhoneNumber == phone) && (status is null || call.Status == status))
                .Take(limit ?? 100).Select(Describe).ToArray(),
            CallsControlJson.Default.CallAnswerArray));
        control.MapGet("/calls/{sid}", Results<JsonHttpResult<CallAnswer>, NotFound<ProblemAnswer>> (string sid, CallBook book) =>
            book.Find(sid) is { } call
                ? TypedResults.Json(Describe(call), CallsControlJson.Default.CallAnswer)
                : TypedResults.NotFound(new ProblemAnswer($"There is no call {sid}.")));
        return control;
    }

    public static CallAnswer Describe(Call call)
    {
        var (history, errors, streams) = call.Snapshot();
        return new CallAnswer(
            call.Sid, call.To, call.From, call.Direction, call.PhoneNumber, call.Status, call.ParentSid, call.Created, call.Started, call.Ended,
            call.DurationSeconds, call.AnsweredBy, call.EndReason, call.Record.Snapshot(), history, errors, [.. streams.Select(Describe)]);
    }

    static StreamAnswer Describe(StreamRecord stream)
    {
        var (marks, clears, errors) = stream.Snapshot();
        return new StreamAnswer(
            stream.Sid, stream.Name, stream.Url, stream.Bidirectional, stream.Parameters, stream.StartedAt, stream.StoppedAt, stream.EndedBy,
            stream.FramesSent, stream.FramesDropped, stream.MediaMessages, stream.BytesReceived, stream.BytesPlayed, stream.Underruns,
            marks, clears, errors);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallAnswer[]))]
sealed partial class CallsControlJson : JsonSerializerContext;
