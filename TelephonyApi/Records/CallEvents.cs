using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.TelephonyApi.Records;

/// <summary>One entry of the audit timeline, as others read it.</summary>
/// <param name="Id">Its place; ask for what comes after it.</param>
/// <param name="Type">The kind as the call agents that this system replaces name it: event_phone_call_connected and so on; else the same as Kind.</param>
/// <param name="Kind">City Monitor's own kind, for example call.answered.</param>
sealed record CallEvent(string Id, string Type, string Kind, string? ConversationId, string? IncidentId, DateTimeOffset At, string Service, string Text);

/// <param name="Last">Ask for what comes after it next time.</param>
sealed record CallEventPage(IReadOnlyList<CallEvent> Events, string Last);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallEvent))]
[JsonSerializable(typeof(CallEventPage))]
sealed partial class CallEventJson : JsonSerializerContext;

/// <summary>
/// Reads the audit timeline for others. Each reader has a connection and a place of its own, so one that is slow, or breaks, holds up nobody.
/// </summary>
sealed class CallEvents(RedisClient redis, TimeProvider clock) : IDisposable
{
    const int Page = 200;
    static readonly TimeSpan s_longestBlock = TimeSpan.FromSeconds(5);

    // Each reader is a connection to Redis; beyond this, whoever asks is told to come later.
    readonly SemaphoreSlim _places = new(50);

    public bool TryEnter() => _places.Wait(0);

    public void Leave() => _places.Release();

    public void Dispose() => _places.Dispose();

    /// <summary>The newest entry's id: what comes after it is new.</summary>
    public async Task<string> LastAsync(CancellationToken ct) =>
        (await redis.SendAsync(["XREVRANGE", Keys.Audit, "+", "-", "COUNT", 1], ct)).Items is [var entry, ..] ? entry.Items[0].Text! : "0-0";

    /// <summary>What stands behind <paramref name="after"/>; where nothing does, what comes within <paramref name="wait"/>.</summary>
    public async Task<CallEventPage> ReadAsync(string after, TimeSpan wait, CancellationToken ct)
    {
        await using var reader = redis.OpenReader();
        var asked = clock.GetTimestamp();
        while (true)
        {
            var page = await ReadAsync(reader, after, wait - clock.GetElapsedTime(asked), ct);
            if (page.Last != after || clock.GetElapsedTime(asked) >= wait)
            {
                return page;
            }
        }
    }

    /// <summary>Page after page without an end, an empty one now and then.</summary>
    public async IAsyncEnumerable<CallEventPage> FollowAsync(string after, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var reader = redis.OpenReader();
        while (!ct.IsCancellationRequested)
        {
            var page = await ReadAsync(reader, after, s_longestBlock, ct);
            after = page.Last;
            yield return page;
        }
    }

    static async Task<CallEventPage> ReadAsync(RedisReader reader, string after, TimeSpan wait, CancellationToken ct)
    {
        var block = (long)Math.Clamp(wait.TotalMilliseconds, 1, s_longestBlock.TotalMilliseconds);
        var answer = await reader.SendAsync(["XREAD", "COUNT", Page, "BLOCK", block, "STREAMS", Keys.Audit, after], ct);
        var entries = answer.Items.SelectMany(stream => stream.Items[1].Items).ToList();
        return new CallEventPage([.. entries.Select(Of).OfType<CallEvent>()], entries is [.., var last] ? last.Items[0].Text! : after);
    }

    static CallEvent? Of(RespValue entry)
    {
        var id = entry.Items[0].Text!;
        var fields = entry.Items[1].ToDictionary();
        AuditEntry? audit;
        try
        {
            audit = fields.TryGetValue("data", out var data) ? JsonSerializer.Deserialize(data.Bytes.Span, ContractsJson.Default.AuditEntry) : null;
        }
        catch (JsonException)
        {
            return null; // written by an older or newer version: no reason to stop all others
        }

        return audit is null ? null : new CallEvent(
            id, TypeOf(audit.Kind), audit.Kind, audit.Call?.Value, audit.Root,
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), System.Globalization.CultureInfo.InvariantCulture)), audit.Service, audit.Text);
    }

    /// <summary>The kinds of the system that this one replaces; there was no kind for most of what happens here.</summary>
    public static string TypeOf(string kind) => kind switch
    {
        "call.answered" => "event_phone_call_connected",
        "call.ended" => "event_phone_call_ended",
        "turn.agent" or "turn.responder" => "event_transcript",
        "transcript.complete" => "event_transcript_complete",
        "action.started" => "event_action_start",
        "call.recording" => "event_recording",
        _ when kind.StartsWith("tool.", StringComparison.Ordinal) => "event_action_finish",
        _ => kind,
    };
}
