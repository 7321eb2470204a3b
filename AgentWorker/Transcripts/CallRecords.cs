using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>What Redis knows of a call that is over.</summary>
sealed class CallRecords(RedisClient redis, CallStore calls)
{
    /// <summary>Null where nothing is known of the call, or nothing any more.</summary>
    public async Task<TranscriptDocument?> BuildAsync(CallId call, CancellationToken ct)
    {
        if ((await redis.SendAsync(["HGET", Keys.Call(call), CallFields.Summary], ct)) is not { IsNull: false } json)
        {
            return null;
        }

        var summary = JsonSerializer.Deserialize(json.Bytes.Span, StateJson.Default.CallSummary)!;
        var tools = (await redis.SendAsync(["LRANGE", Keys.ToolCalls(call), 0, -1], ct)).Items.Select(item => JsonSerializer.Deserialize(item.Bytes.Span, StateJson.Default.ToolCallRecord)!);
        return TranscriptBuilder.Build(call, summary, await calls.ReadSessionAsync(call, ct), await calls.ReadTurnsAsync(call, ct), [.. tools]);
    }

    /// <summary>What is not written down yet must not lapse meanwhile.</summary>
    public async Task KeepAsync(CallId call, CancellationToken ct)
    {
        foreach (var key in new[] { Keys.Call(call), Keys.Turns(call), Keys.ToolCalls(call) })
        {
            await redis.SendAsync(["PEXPIRE", key, (long)CallStore.Life.TotalMilliseconds], ct);
        }
    }
}
