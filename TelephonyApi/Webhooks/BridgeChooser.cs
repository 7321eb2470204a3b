using System.Text.Json;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Finds a live bridge with a free place.</summary>
sealed class BridgeChooser(RedisClient redis)
{
    /// <summary>The one with the most free places.</summary>
    /// <param name="avoid">A bridge that Twilio has just failed to reach; taken only where it is the only one.</param>
    public async Task<BridgeInfo?> ChooseAsync(string? avoid, CancellationToken ct)
    {
        var open = await OpenAsync(ct);
        var best = open.Exists(bridge => bridge.Id != avoid) ? open.FindAll(bridge => bridge.Id != avoid) : open;
        var most = best.Count == 0 ? 0 : best.Max(bridge => bridge.Free);
        var equals = best.FindAll(bridge => bridge.Free == most);
        return equals.Count == 0 ? null : equals[Random.Shared.Next(equals.Count)];
    }

    /// <summary>
    /// For a call that is only about to ring and takes its place later: by lot, each bridge as likely as it has free places, so that many
    /// at once spread over all.
    /// </summary>
    public async Task<BridgeInfo?> SpreadAsync(CancellationToken ct)
    {
        var open = await OpenAsync(ct);
        var lot = open.Count == 0 ? 0 : Random.Shared.NextInt64(open.Sum(bridge => (long)bridge.Free));
        return open.Find(bridge => (lot -= bridge.Free) < 0);
    }

    async Task<List<BridgeInfo>> OpenAsync(CancellationToken ct) =>
        [.. (await LiveAsync(ct)).Where(bridge => bridge.Free > 0 && Uri.TryCreate(bridge.Url, UriKind.Absolute, out _))];

    public async Task<IReadOnlyList<BridgeInfo>> LiveAsync(CancellationToken ct)
    {
        var ids = (await redis.SendAsync(["SMEMBERS", Keys.Bridges], ct)).Items;
        if (ids.Count == 0)
        {
            return [];
        }

        RedisArg[] command = ["MGET", .. ids.Select(id => (RedisArg)Keys.Bridge(id.Text!))];
        var values = (await redis.SendAsync(command, ct)).Items;
        for (var i = 0; i < ids.Count; i++)
        {
            if (values[i].IsNull)
            {
                // It puts itself back with its next sign of life.
                await redis.SendAsync(["SREM", Keys.Bridges, ids[i].Text!], ct);
            }
        }

        return [.. values.Select(Read).OfType<BridgeInfo>()];
    }

    /// <summary>Null for a bridge that has lapsed, or that says nothing readable: it gets no calls.</summary>
    static BridgeInfo? Read(RespValue value)
    {
        try
        {
            return value.IsNull ? null : JsonSerializer.Deserialize(value.Bytes.Span, StateJson.Default.BridgeInfo);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
