using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>A message that was given up.</summary>
/// <param name="Id">Its id in cm:dead.</param>
/// <param name="Stream">Where it came from, and where a replay puts it.</param>
/// <param name="Type">Null for an entry that is no message.</param>
/// <param name="Incident">The incident, or the root of a call that has none.</param>
/// <param name="Deliveries">How often its handling was started.</param>
public sealed record DeadLetter(string Id, string Stream, string? Type, string? Call, string? Incident, string Error, long Deliveries, DateTimeOffset At, string? Data);

/// <summary>cm:dead: what was given up, and the way back.</summary>
public sealed class DeadLetters(RedisClient redis)
{
    internal const string Stream = "dead.stream", Entry = "dead.entry", Error = "dead.error", Deliveries = "dead.deliveries", At = "dead.at";

    /// <summary>Number of fields that Bury writes before the message's own.</summary>
    const int OwnFields = 5;

    // Both at once or neither: a replayed message is not replayed again by an operator's second click.
    static readonly RedisScript s_replay = new($$"""
        #!lua
        local found = redis.call('XRANGE', '{{Keys.Dead}}', ARGV[1], ARGV[1])
        if #found == 0 then return 0 end
        local fields = found[1][2]
        redis.call('XADD', fields[2], '*', unpack(fields, {{2 * OwnFields + 1}}))
        redis.call('XDEL', '{{Keys.Dead}}', ARGV[1])
        return 1
        """);

    /// <summary>The latest first.</summary>
    /// <param name="before">The id of the last one already seen; null starts at the latest.</param>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(int count, string? before, CancellationToken ct)
    {
        var reply = await redis.SendAsync(["XREVRANGE", Keys.Dead, before is null ? "+" : $"({before}", "-", "COUNT", count], ct);
        return [.. reply.Items.Select(item => Read(item.Items[0].Text!, item.Items[1].ToDictionary()))];
    }

    public async Task<long> CountAsync(CancellationToken ct) => (await redis.SendAsync(["XLEN", Keys.Dead], ct)).Number;

    /// <summary>Puts the message back into its stream with no deliveries counted. False when it is not there any more.</summary>
    public async Task<bool> ReplayAsync(string id, CancellationToken ct) => (await redis.RunAsync(s_replay, [], [id], ct)).Number == 1;

    public async Task<bool> DiscardAsync(string id, CancellationToken ct) => (await redis.SendAsync(["XDEL", Keys.Dead, id], ct)).Number == 1;

    static DeadLetter Read(string id, Dictionary<string, RespValue> fields)
    {
        string? Text(string name) => fields.TryGetValue(name, out var value) ? value.Text : null;
        return new DeadLetter(
            id, Text(Stream) ?? "", Text(Envelope.Type), Text(Envelope.Call), Text(Envelope.Incident), Text(Error) ?? "",
            long.TryParse(Text(Deliveries), out var deliveries) ? deliveries : 0,
            DateTimeOffset.FromUnixTimeMilliseconds(long.TryParse(Text(At), out var at) ? at : 0), Text(Envelope.Data));
    }
}
