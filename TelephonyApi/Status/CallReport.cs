using System.Text.Json.Serialization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;

namespace CityMonitor.TelephonyApi.Status;

/// <summary>One call as anybody with a key may see it: nothing here opens a stream, a vendor or another call.</summary>
/// <param name="Number">The other side's, masked.</param>
/// <param name="State">queued, dialling, placed, ringing, in progress, ended.</param>
/// <param name="End">How the call ended at Twilio, and <paramref name="EndReason"/>, why the conversation did.</param>
sealed record CallReport(
    string ConversationId,
    string? CallSid,
    string Direction,
    string Number,
    string State,
    string? Flow,
    string? Engine,
    string? Language,
    string? Incident,
    string? At,
    string? Began,
    long Streams,
    string? Bridge,
    bool Keypad,
    string? End,
    string? EndReason,
    IReadOnlyList<CallTurn> Transcript);

sealed record CallTurn(string At, string Speaker, string Text, bool Interrupted);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallReport))]
sealed partial class CallReportJson : JsonSerializerContext;

/// <summary>Reads a call's report from Redis: the same at every replica.</summary>
sealed class CallReports(DialStore store, CallStore calls)
{
    /// <param name="id">Ours, or Twilio's CallSid.</param>
    public async Task<CallReport?> ReadAsync(string id, CancellationToken ct)
    {
        var call = await store.OfSidAsync(id, ct) ?? CallId.Parse(id);
        var state = await store.ReadAsync(call, ct);
        if (!state.Exists)
        {
            return null;
        }

        var session = state.Session;
        var turns = await calls.ReadTurnsAsync(call, ct);
        return new CallReport(
            call.Value,
            state.Sid,
            state.Inbound ? "inbound" : "outbound",
            PhoneNumber.TryParse(state.To ?? session?.To.Value, out var number) ? number.Masked : "",
            Words(state),
            session?.Flow,
            session?.Engine,
            session?.Language,
            session?.Incident?.Value,
            At(state[DialFields.QueuedAt, 0]),
            At(state[CallFields.Began, 0]),
            state[CallFields.Stream, 0],
            state[CallFields.Bridge],
            state.KeypadMode,
            state[DialFields.End],
            state[CallFields.End] ?? state[DialFields.Cancel],
            [.. turns.Select(turn => new CallTurn(turn.At.ToString("O"), turn.Speaker == Speaker.Agent ? "agent" : "caller", turn.Text, turn.Interrupted))]);
    }

    static string Words(CallState state) => state.Dial switch
    {
        DialStates.Placed => state[DialFields.Progress, 0] switch
        {
            CallStatus.Ringing => "ringing",
            CallStatus.Answered => "in progress",
            _ => "placed",
        },
        { } dial => dial,
        null => "asked for",
    };

    static string? At(long milliseconds) => milliseconds > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("O") : null;
}
