using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.IncidentPoller.Writing;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.IncidentPoller.Polling;

/// <summary>What was last reported of a ticket.</summary>
/// <param name="Open">False once it was withdrawn.</param>
/// <param name="UpdatedAt">Freshdesk's; an older answer (a slow page, the search index) is not news.</param>
sealed record KnownTicket(string Version, bool Open, DateTimeOffset UpdatedAt);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KnownTicket))]
[JsonSerializable(typeof(StoredWork))]
sealed partial class PollerJson : JsonSerializerContext;

/// <summary>The poller's memory, all of it in Redis: any replica goes on where the last one stopped.</summary>
sealed class PollerStore(RedisClient redis)
{
    static readonly TimeSpan ForgetAfter = TimeSpan.FromDays(30);
    const string CursorField = "cursor";
    const string SweptField = "swept";

    public static TimeSpan KnownFor => ForgetAfter;

    /// <returns>What is known, and the bytes in which it stands: null where nothing does.</returns>
    public async Task<(KnownTicket? Known, ReadOnlyMemory<byte>? Written)> ReadAsync(long ticketId, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["GET", Keys.Ticket(ticketId)], ct);
        if (reply.IsNull)
        {
            return (null, null);
        }

        try
        {
            return (JsonSerializer.Deserialize(reply.Bytes.Span, PollerJson.Default.KnownTicket), reply.Bytes);
        }
        catch (JsonException)
        {
            return (null, reply.Bytes); // not ours or not readable: reporting the ticket again is safe, forgetting it is not
        }
    }

    /// <summary>A ticket that stays as it is for weeks is not forgotten while it is looked at.</summary>
    public async Task RenewAsync(long ticketId, CancellationToken ct) =>
        await redis.SendAsync(["PEXPIRE", Keys.Ticket(ticketId), (long)ForgetAfter.TotalMilliseconds], ct);

    public async Task<IReadOnlyList<long>> WatchedAsync(CancellationToken ct)
    {
        var reply = await redis.SendAsync(["SMEMBERS", Keys.WatchedTickets], ct);
        return [.. reply.Items.Select(item => long.TryParse(item.Text, out var id) ? id : 0).Where(id => id > 0)];
    }

    /// <summary>How far changes were read; null on a first start and after a wiped Redis.</summary>
    public Task<DateTimeOffset?> CursorAsync(CancellationToken ct) => TimeAsync(CursorField, ct);

    public Task<DateTimeOffset?> SweptAsync(CancellationToken ct) => TimeAsync(SweptField, ct);

    public Task SetCursorAsync(DateTimeOffset at, CancellationToken ct) => SetAsync(CursorField, at, ct);

    public Task SetSweptAsync(DateTimeOffset at, CancellationToken ct) => SetAsync(SweptField, at, ct);

    async Task<DateTimeOffset?> TimeAsync(string field, CancellationToken ct) =>
        long.TryParse((await redis.SendAsync(["HGET", Keys.Poller, field], ct)).Text, out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    async Task SetAsync(string field, DateTimeOffset at, CancellationToken ct) =>
        await redis.SendAsync(["HSET", Keys.Poller, field, at.ToUnixTimeMilliseconds()], ct);
}
