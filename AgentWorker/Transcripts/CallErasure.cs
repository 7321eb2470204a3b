using System.Runtime.CompilerServices;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>What Redis holds of a person's calls and text messages.</summary>
sealed class CallErasure(RedisClient redis)
{
    const string Ended = "ended";

    public async Task EraseAsync(ErasurePass pass, CancellationToken ct)
    {
        await foreach (var key in KeysAsync(Keys.Call(default) + "*", ct))
        {
            // cm:call:{call}, not what hangs on it.
            if (key.Count(c => c == ':') == 2 && CallId.TryParse(key[(key.LastIndexOf(':') + 1)..], out var call))
            {
                await CallAsync(pass, call, ct);
            }
        }

        await foreach (var key in KeysAsync(Keys.TextMessage(default) + "*", ct))
        {
            await MessageAsync(pass, key, ct);
        }
    }

    async Task CallAsync(ErasurePass pass, CallId call, CancellationToken ct)
    {
        var fields = (await redis.SendAsync(["HMGET", Keys.Call(call), CallFields.Session, CallFields.To, CallFields.Summary, CallFields.Dial, CallFields.EndDetail], ct)).Items;
        var isTheirs = fields.Any(field => pass.Subject.IsIn(field.Text));
        if (!isTheirs && !await IsMentionedAsync(pass.Subject, call, ct))
        {
            return;
        }

        if (fields[2].IsNull && fields[3].Text != Ended)
        {
            pass.Hold(call.Value);
            return;
        }

        pass.Calls.Add(call.Value);
        await redis.SendAsync(["DEL", Keys.Turns(call), Keys.ToolCalls(call), Keys.Talk(call), Keys.Answer(call)], ct);
        if (isTheirs)
        {
            await redis.SendAsync(["HDEL", Keys.Call(call), CallFields.Session, CallFields.To, CallFields.EndDetail, CallFields.Speaking], ct);
            if (!fields[2].IsNull && JsonSerializer.Deserialize(fields[2].Text!, StateJson.Default.CallSummary) is { } summary)
            {
                // A record that is still to be written is written without the person.
                await redis.SendAsync(["HSET", Keys.Call(call), CallFields.Summary, JsonSerializer.Serialize(summary with { Number = null, Detail = null }, StateJson.Default.CallSummary)], ct);
            }
        }

        await pass.CountAsync(ErasureStore.Call, call.Value, ct);
    }

    async Task<bool> IsMentionedAsync(Subject subject, CallId call, CancellationToken ct)
    {
        foreach (var list in new[] { Keys.Turns(call), Keys.ToolCalls(call) })
        {
            if ((await redis.SendAsync(["LRANGE", list, 0, -1], ct)).Items.Any(item => subject.IsIn(item.Text)))
            {
                return true;
            }
        }

        return subject.IsIn((await redis.SendAsync(["GET", Keys.Talk(call)], ct)).Text);
    }

    async Task MessageAsync(ErasurePass pass, string key, CancellationToken ct)
    {
        if (!(await redis.SendAsync(["HGETALL", key], ct)).Items.Any(field => pass.Subject.IsIn(field.Text)))
        {
            return;
        }

        var message = key[(key.LastIndexOf(':') + 1)..];
        if (!(await redis.SendAsync(["ZSCORE", Keys.MessagesUnderWay, message], ct)).IsNull)
        {
            pass.Waiting++;
            return;
        }

        await redis.SendAsync(["DEL", key], ct);
        await pass.CountAsync(ErasureStore.Message, message, ct);
    }

    public async IAsyncEnumerable<string> KeysAsync(string like, [EnumeratorCancellation] CancellationToken ct)
    {
        var cursor = "0";
        do
        {
            var page = await redis.SendAsync(["SCAN", cursor, "MATCH", like, "COUNT", 500], ct);
            cursor = page.Items[0].Text!;
            foreach (var key in page.Items[1].Items)
            {
                yield return key.Text!;
            }
        }
        while (cursor != "0");
    }
}
