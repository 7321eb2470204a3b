using System.Globalization;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.State;

/// <summary>What came of asking to erase a person; the person is not in it.</summary>
/// <param name="Status">queued, waiting (for a call or a dispatch under way) or done.</param>
/// <param name="Waiting">How many calls, incidents and messages are waited for.</param>
public sealed record ErasureReport(string Id, string Status, int Waiting, int Transcripts, int Calls, int Incidents, int Messages, int Events);

/// <summary>The hash cm:erase:{request}: a field for each thing that was erased, so that doing it again counts nothing twice.</summary>
public sealed class ErasureStore(RedisClient redis)
{
    /// <summary>For whoever has to prove that it was done.</summary>
    static readonly TimeSpan s_life = TimeSpan.FromDays(30);

    public const string Queued = "queued", Waiting = "waiting", Done = "done";

    public const string Transcript = "transcript", Call = "call", Incident = "incident", Message = "message", Event = "event";

    const string StatusField = "status", WaitingField = "waiting";

    public async Task WriteAsync(string request, string status, int waiting, CancellationToken ct)
    {
        await redis.SendAsync(["HSET", Keys.Erasure(request), StatusField, status, WaitingField, waiting], ct);
        await redis.SendAsync(["PEXPIRE", Keys.Erasure(request), (long)s_life.TotalMilliseconds], ct);
    }

    public async Task CountAsync(string request, string kind, string what, CancellationToken ct) =>
        await redis.SendAsync(["HSET", Keys.Erasure(request), $"{kind}:{what}", 1], ct);

    /// <summary>Null where no such request is known.</summary>
    public async Task<ErasureReport?> ReadAsync(string request, CancellationToken ct)
    {
        var fields = (await redis.SendAsync(["HGETALL", Keys.Erasure(request)], ct)).ToDictionary();
        int Count(string kind) => fields.Keys.Count(field => field.StartsWith(kind + ":", StringComparison.Ordinal));
        return fields.TryGetValue(StatusField, out var status)
            ? new ErasureReport(
                request, status.Text!, int.Parse(fields[WaitingField].Text!, CultureInfo.InvariantCulture),
                Count(Transcript), Count(Call), Count(Incident), Count(Message), Count(Event))
            : null;
    }
}
