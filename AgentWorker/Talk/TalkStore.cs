using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>Reads conversations; writes happen in steps only.</summary>
sealed class TalkStore(RedisClient redis, AnswerStore answers, IOptions<TalkOptions> options)
{
    public async Task<TalkState?> ReadAsync(CallId call, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["GET", Keys.Talk(call)], ct);
        return reply.IsNull ? null : JsonSerializer.Deserialize(reply.Bytes.Span, AgentJson.Default.TalkState);
    }

    /// <summary>All that a decision about a message needs.</summary>
    public async Task<TalkStep> BeginAsync(CallId call, AgentMessage message, CancellationToken ct)
    {
        var state = await ReadAsync(call, ct) ?? new TalkState();
        var resends = state.Job is not null && message is MediaStarted or UserTurn { Again: true };
        var pieces = resends ? await answers.ReadAsync(call, ct) : [];
        var awaited = resends ? (await redis.SendAsync(["HGET", Keys.Call(call), CallFields.Spoken], ct)).Text : null;
        return new TalkStep(call, state, options.Value, pieces, awaited);
    }
}
