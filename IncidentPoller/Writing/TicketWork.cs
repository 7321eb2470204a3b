using System.Globalization;
using System.Text.Json;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.IncidentPoller.Writing;

/// <summary>One thing to do for a ticket: one of these, or, with none, to read it now.</summary>
sealed record TicketWorkItem(UpdateTicket? Update = null, AddTicketNote? Note = null, CreateTicket? Create = null)
{
    public static readonly TicketWorkItem Look = new();

    public string ToJson() => JsonSerializer.Serialize(
        new StoredWork(
            Update is null ? null : JsonSerializer.SerializeToElement(Update, ContractsJson.Default.UpdateTicket),
            Note is null ? null : JsonSerializer.SerializeToElement(Note, ContractsJson.Default.AddTicketNote),
            Create is null ? null : JsonSerializer.SerializeToElement(Create, ContractsJson.Default.CreateTicket)),
        PollerJson.Default.StoredWork);

    /// <exception cref="JsonException">Not an item of ours.</exception>
    public static TicketWorkItem FromJson(ReadOnlySpan<byte> json)
    {
        var stored = JsonSerializer.Deserialize(json, PollerJson.Default.StoredWork);
        return new TicketWorkItem(
            stored?.Update?.Deserialize(ContractsJson.Default.UpdateTicket), stored?.Note?.Deserialize(ContractsJson.Default.AddTicketNote),
            stored?.Create?.Deserialize(ContractsJson.Default.CreateTicket));
    }
}

/// <summary>How an item stands in Redis: {"update":{...}}, {"note":{...}}, {"create":{...}} or {}.</summary>
sealed record StoredWork(JsonElement? Update, JsonElement? Note, JsonElement? Create = null);

/// <summary>The next item of a ticket as it stands in Redis.</summary>
/// <param name="Score">Its place; an item that was asked for again meanwhile has another one.</param>
sealed record QueuedWork(string Member, string Score, TicketWorkItem? Item);

/// <summary>
/// What is to be done at Freshdesk, one queue per ticket, kept in Redis until it is done: an outage of any length loses nothing, and the
/// writes of one ticket stay in the order in which they were asked for, also over retries.
/// </summary>
sealed class TicketWork(RedisClient redis, TimeProvider clock)
{
    // Two replicas may take over neighbouring messages at the same moment; this lets the older one arrive first.
    const int SettleMilliseconds = 50;

    // Redis' clock, because whoever fills the queues and whoever works on them may be different machines.
    const string Now = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) ";

    static readonly RedisScript s_due = new($"#!lua\n{Now} return redis.call('ZRANGEBYSCORE', '{Keys.TicketsDue}', '-inf', now - {SettleMilliseconds}, 'LIMIT', 0, ARGV[1])");

    static readonly RedisScript s_postpone = new($$"""
        #!lua
        {{Now}}
        redis.call('ZADD', '{{Keys.TicketsDue}}', 'XX', now + tonumber(ARGV[2]), ARGV[1])
        """);

    static readonly RedisScript s_done = new($$"""
        #!lua
        if redis.call('ZSCORE', KEYS[1], ARGV[2]) == ARGV[3] then redis.call('ZREM', KEYS[1], ARGV[2]) end
        if redis.call('ZCARD', KEYS[1]) == 0 then redis.call('ZREM', '{{Keys.TicketsDue}}', ARGV[1]) return 0 end
        return 1
        """);

    /// <summary>Takes over a message of cm:tickets, in the step that acknowledges it.</summary>
    public void Add(Step step, long ticketId, TicketWorkItem item, string entryId)
    {
        // 1789000000000-3: milliseconds of Redis' clock and a counter within them.
        var dash = entryId.IndexOf('-', StringComparison.Ordinal);
        var at = dash > 0 && long.TryParse(entryId.AsSpan(0, dash), CultureInfo.InvariantCulture, out var ms) ? ms : clock.GetUtcNow().ToUnixTimeMilliseconds();
        var counter = dash > 0 && long.TryParse(entryId.AsSpan(dash + 1), CultureInfo.InvariantCulture, out var n) ? n : 0;
        step.AddToSortedSet(Keys.TicketWork(ticketId), item.ToJson(), at * 1000 + Math.Min(counter, 999));
        step.AddToSortedSet(Keys.TicketsDue, ticketId.ToString(CultureInfo.InvariantCulture), at);
    }

    /// <summary>Tickets whose next item may be tried now.</summary>
    public async Task<IReadOnlyList<long>> DueAsync(int most, CancellationToken ct)
    {
        var reply = await redis.RunAsync(s_due, [], [most], ct);
        return [.. reply.Items.Select(item => long.TryParse(item.Text, out var id) ? id : 0)];
    }

    public async Task<QueuedWork?> FirstAsync(long ticketId, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["ZRANGE", Keys.TicketWork(ticketId), 0, 0, "WITHSCORES"], ct);
        if (reply.Items.Count < 2)
        {
            return null;
        }

        TicketWorkItem? item = null;
        try
        {
            item = TicketWorkItem.FromJson(reply.Items[0].Bytes.Span);
        }
        catch (JsonException)
        {
            // An entry of another make: it is dropped by the desk, so that what stands behind it gets its turn.
        }

        return new QueuedWork(reply.Items[0].Text!, reply.Items[1].Text!, item);
    }

    /// <returns>True where the ticket has more to do.</returns>
    public async Task<bool> DoneAsync(long ticketId, QueuedWork work, CancellationToken ct) =>
        (await redis.RunAsync(s_done, [Keys.TicketWork(ticketId)], [ticketId.ToString(CultureInfo.InvariantCulture), work.Member, work.Score], ct)).Number == 1;

    public async Task PostponeAsync(long ticketId, TimeSpan delay, CancellationToken ct) =>
        await redis.RunAsync(s_postpone, [], [ticketId.ToString(CultureInfo.InvariantCulture), (long)delay.TotalMilliseconds], ct);

    /// <summary>Tickets with something to do, also those that wait for Freshdesk to come back.</summary>
    public async Task<long> WaitingAsync(CancellationToken ct) => (await redis.SendAsync(["ZCARD", Keys.TicketsDue], ct)).Number;
}
