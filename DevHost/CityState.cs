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

    public async Task<IReadOnlyList<Turn>> TurnsAsync(CallId call, CancellationToken ct = default) =>
        [.. (await redis.SendAsync(["LRANGE", Keys.Turns(call), 0, -1], ct)).Items.Select(item => JsonSerializer.Deserialize(item.Text!, StateJson.Default.Turn)!)];

    /// <summary>The audit timeline from now on.</summary>
    public async IAsyncEnumerable<(DateTimeOffset At, AuditEntry Entry)> FollowAuditAsync(string after, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var reader = redis.OpenReader();
        while (true)
        {
            var answer = await reader.SendAsync(["XREAD", "BLOCK", 1000, "COUNT", 100, "STREAMS", Keys.Audit, after], ct);
            foreach (var entry in answer.Items.SelectMany(stream => stream.Items[1].Items))
            {
                after = entry.Items[0].Text!;
                var fields = entry.Items[1].ToDictionary();
                if (fields.TryGetValue("data", out var data) && JsonSerializer.Deserialize(data.Text!, ContractsJson.Default.AuditEntry) is { } audit)
                {
                    var at = fields.TryGetValue("at", out var ms) ? ms.Number : long.Parse(after.Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);
                    yield return (DateTimeOffset.FromUnixTimeMilliseconds(at), audit);
                }
            }
        }
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
