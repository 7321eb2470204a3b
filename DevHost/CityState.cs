using System.Runtime.CompilerServices;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Hosting;

/// <summary>Looks at what the services keep in Redis; never writes.</summary>
sealed class CityState(string connectionString) : IAsyncDisposable
{
    readonly RedisClient redis = new(RedisOptions.Parse(connectionString), TimeProvider.System, NullLogger<RedisClient>.Instance);

    public RedisClient Redis => redis;

    public async Task<IncidentState?> IncidentAsync(IncidentId incident, CancellationToken ct = default) =>
        (await redis.SendAsync(["GET", Keys.Incident(incident)], ct)).Text is { } json ? JsonSerializer.Deserialize(json, StateJson.Default.IncidentState) : null;

    public async Task<ReceptionState?> ReceptionAsync(CallId call, CancellationToken ct = default) =>
        (await redis.SendAsync(["GET", Keys.Reception(call)], ct)).Text is { } json ? JsonSerializer.Deserialize(json, StateJson.Default.ReceptionState) : null;

    public async Task<IReadOnlyList<Turn>> TurnsAsync(CallId call, CancellationToken ct = default) =>
        [.. (await redis.SendAsync(["LRANGE", Keys.Turns(call), 0, -1], ct)).Items.Select(item => JsonSerializer.Deserialize(item.Text!, StateJson.Default.Turn)!)];

    /// <summary>What the audit timeline holds about one incident.</summary>
    public Task<IReadOnlyList<(DateTimeOffset At, AuditEntry Entry)>> AuditAsync(IncidentId incident, CancellationToken ct = default) => AuditOfAsync(incident.Value, ct);

    /// <summary>The same of an incident's id, or of the root of a call that has none.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset At, AuditEntry Entry)>> AuditOfAsync(string root, CancellationToken ct = default) =>
        [.. (await AuditAsync(null, ct)).Where(entry => entry.Entry.Root == root)];

    /// <summary>The audit timeline from a time on, or all of it.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset At, AuditEntry Entry)>> AuditAsync(DateTimeOffset? since, CancellationToken ct = default) =>
        [.. (await redis.SendAsync(["XRANGE", Keys.Audit, since is { } from ? $"{from.ToUnixTimeMilliseconds()}-0" : "-", "+"], ct)).Items.Select(Read).OfType<(DateTimeOffset At, AuditEntry Entry)>()];

    /// <summary>The audit timeline behind an entry id ("0-0": all of it), and each entry as it comes.</summary>
    public async IAsyncEnumerable<(DateTimeOffset At, AuditEntry Entry)> FollowAuditAsync(string after, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var reader = redis.OpenReader();
        while (true)
        {
            var answer = await reader.SendAsync(["XREAD", "BLOCK", 1000, "COUNT", 100, "STREAMS", Keys.Audit, after], ct);
            foreach (var entry in answer.Items.SelectMany(stream => stream.Items[1].Items))
            {
                after = entry.Items[0].Text!;
                if (Read(entry) is { } audit)
                {
                    yield return audit;
                }
            }
        }
    }

    static (DateTimeOffset At, AuditEntry Entry)? Read(RespValue entry)
    {
        var fields = entry.Items[1].ToDictionary();
        if (!fields.TryGetValue("data", out var data) || JsonSerializer.Deserialize(data.Text!, ContractsJson.Default.AuditEntry) is not { } audit)
        {
            return null;
        }

        var at = fields.TryGetValue("at", out var written) ? written.Number : long.Parse(entry.Items[0].Text!.Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);
        return (DateTimeOffset.FromUnixTimeMilliseconds(at), audit);
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
