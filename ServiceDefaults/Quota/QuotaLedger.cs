using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults;

/// <summary>
/// The ledger of the vendors' quotas: what this process uses is added up and goes to Redis once a second, one counter for each quota and
/// window, so that all replicas know the whole. Near a limit there is an alert; whoever has another vendor to turn to asks
/// <see cref="IsUsedUp"/>. Nothing is refused for a quota alone: people's safety first.
/// </summary>
public sealed partial class QuotaLedger : BackgroundService
{
    static readonly TimeSpan s_every = TimeSpan.FromSeconds(1);

    // Counts and tells the whole; the counter outlives its window a little, for whoever looks late.
    static readonly RedisScript s_add = new("""
        #!lua flags=allow-oom
        local used = redis.call('INCRBY', KEYS[1], ARGV[1])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return used
        """);

    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<(Quota Quota, string Window), long> _pending = new();
    readonly ConcurrentDictionary<Quota, (string Window, long Used)> _known = new();
    readonly RedisClient _redis;
    readonly QuotaOptions _options;
    readonly Dictionary<string, VendorMode> _vendors;
    readonly Alerts _alerts;
    readonly TimeProvider _clock;
    readonly ILogger<QuotaLedger> _log;

    internal QuotaLedger(RedisClient redis, IOptions<QuotaOptions> options, IEnumerable<VendorMode> vendors, Alerts alerts, TimeProvider clock, ILogger<QuotaLedger> log)
    {
        (_redis, _options, _alerts, _clock, _log) = (redis, options.Value, alerts, clock, log);
        _vendors = vendors.DistinctBy(mode => mode.Vendor).ToDictionary(mode => mode.Vendor, StringComparer.Ordinal);
        var quotas = Quotas.All.ToDictionary(quota => quota.Name, StringComparer.Ordinal);
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == VendorUse.InstrumentName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, amount, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag is { Key: VendorUse.QuotaTag, Value: string name } && quotas.TryGetValue(name, out var quota) && _vendors.ContainsKey(quota.Vendor))
                {
                    _pending.AddOrUpdate((quota, WindowOf(quota)), amount, (_, before) => before + amount);
                }
            }
        });
        _listener.Start();
    }

    /// <summary>The quotas of the vendors that this service speaks with.</summary>
    public IReadOnlyList<QuotaUse> Now => [.. Quotas.All.Where(quota => _vendors.ContainsKey(quota.Vendor)).Select(quota => new QuotaUse(quota.Name, quota.Window.ToString().ToLowerInvariant(), UsedOf(quota), LimitOf(quota)))];

    /// <summary>Nothing is left of it in this window. Known a second late, and shared by all replicas.</summary>
    public bool IsUsedUp(Quota quota) => LimitOf(quota) is { } limit && UsedOf(quota) >= limit;

    public override void Dispose()
    {
        _listener.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FlushAsync(stoppingToken);
            }
            catch (RedisException error)
            {
                // What was not added stays pending; a counter that is away stops no call.
                LogWaits(error.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(s_every, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal async Task FlushAsync(CancellationToken ct)
    {
        foreach (var quota in Quotas.All.Where(quota => _vendors.ContainsKey(quota.Vendor)))
        {
            var now = WindowOf(quota);
            _pending.TryAdd((quota, now), 0); // what the others have used
            foreach (var key in _pending.Keys.Where(key => key.Quota == quota).ToList())
            {
                if (_pending.TryRemove(key, out var amount) && (amount > 0 || key.Window == now))
                {
                    await AddAsync(key, amount, ct);
                }
            }

            Judge(quota);
        }
    }

    async Task AddAsync((Quota Quota, string Window) key, long amount, CancellationToken ct)
    {
        try
        {
            var name = Keys.Quota(key.Quota.Name, key.Window);
            var used = amount > 0
                ? (await _redis.RunAsync(s_add, [name], [amount, (long)LifeOf(key.Quota).TotalMilliseconds], ct)).Number
                : (await _redis.SendAsync(["GET", name], ct)) is { IsNull: false } known ? known.Number : 0;
            _known[key.Quota] = (key.Window, used);
        }
        catch
        {
            _pending.AddOrUpdate(key, amount, (_, before) => before + amount);
            throw;
        }
    }

    void Judge(Quota quota)
    {
        var (name, used) = ($"quota.{quota.Name}", UsedOf(quota));
        if (LimitOf(quota) is not { } limit || quota.Paced || used < limit * _options.WarnAbove)
        {
            // A window that has just begun says nothing yet of the next minutes: what was raised in the one before ends by itself.
            if (quota.Window == QuotaWindow.Month || LimitOf(quota) is null)
            {
                _alerts.TakeBack(name);
            }

            return;
        }

        var what = used >= limit ? "is used up" : $"is used to {(double)used / limit:P0}";
        _alerts.Raise(
            name, $"{quota.Vendor}'s quota of {limit} {quota.Name[(quota.Name.IndexOf('.', StringComparison.Ordinal) + 1)..]} a {quota.Window.ToString().ToLowerInvariant()} {what}. If your account has more, set {QuotaOptions.KeyOf(quota)} (0: no limit).",
            quota.Window == QuotaWindow.Month ? null : TimeSpan.FromMinutes(2));
    }

    long UsedOf(Quota quota)
    {
        var now = WindowOf(quota);
        var pending = _pending.TryGetValue((quota, now), out var waiting) ? waiting : 0;
        return (_known.TryGetValue(quota, out var known) && known.Window == now ? known.Used : 0) + pending;
    }

    long? LimitOf(Quota quota) => _options.Of(quota) switch
    {
        0 => null,
        { } configured => configured,
        null => _vendors.TryGetValue(quota.Vendor, out var mode) && !mode.Simulated ? quota.Usual : null,
    };

    string WindowOf(Quota quota)
    {
        var now = _clock.GetUtcNow();
        return quota.Window switch
        {
            QuotaWindow.Second => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            QuotaWindow.Minute => (now.ToUnixTimeSeconds() / 60).ToString(CultureInfo.InvariantCulture),
            _ => now.UtcDateTime.ToString("yyyyMM", CultureInfo.InvariantCulture),
        };
    }

    static TimeSpan LifeOf(Quota quota) => quota.Window switch
    {
        QuotaWindow.Second => TimeSpan.FromMinutes(1),
        QuotaWindow.Minute => TimeSpan.FromMinutes(5),
        _ => TimeSpan.FromDays(40),
    };

    [LoggerMessage(121, LogLevel.Warning, "The ledger of quotas waits for Redis: {Reason}")]
    partial void LogWaits(string reason);
}
