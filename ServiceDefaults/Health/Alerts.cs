using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace CityMonitor.ServiceDefaults;

/// <summary>Something that an operator should know of before it hurts; shown by GET /status while it lasts.</summary>
/// <param name="Name">For example capacity or quota.twilio.</param>
/// <param name="Since">When it began.</param>
public sealed record Alert(string Name, string Text, DateTimeOffset Since);

/// <summary>
/// The alerts of this process. Each is one line in the log when it begins and one when it is taken back, a gauge (citymonitor.alert, 1 while
/// it lasts) and an entry at GET /status.
/// </summary>
public sealed partial class Alerts : IDisposable
{
    public const string MeterName = "CityMonitor.Alerts";

    readonly Meter _meter = new(MeterName);
    readonly Lock _gate = new();
    readonly Dictionary<string, (Alert Alert, DateTimeOffset? Until)> _raised = new(StringComparer.Ordinal);
    readonly TimeProvider _clock;
    readonly ILogger<Alerts> _log;

    public Alerts(TimeProvider clock, ILogger<Alerts> log)
    {
        (_clock, _log) = (clock, log);
        _meter.CreateObservableGauge("citymonitor.alert", Measure, "{alert}", "1 while the alert lasts, 0 afterwards.");
    }

    /// <summary>Those that last, the oldest first.</summary>
    public IReadOnlyList<Alert> Active
    {
        get
        {
            lock (_gate)
            {
                return [.. _raised.Values.Where(Lasts).Select(one => one.Alert).OrderBy(alert => alert.Since)];
            }
        }
    }

    /// <summary>Begins an alert, or renews it: it lasts until it is taken back or, where <paramref name="holdFor"/> is given, until nothing has renewed it for that long.</summary>
    public void Raise(string name, string text, TimeSpan? holdFor = null)
    {
        bool isNew;
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            isNew = !_raised.TryGetValue(name, out var known) || !Lasts(known);
            _raised[name] = (new Alert(name, text, isNew ? now : known.Alert.Since), now + holdFor);
        }

        if (isNew)
        {
            LogRaised(name, text);
        }
    }

    public void TakeBack(string name)
    {
        bool lasted;
        lock (_gate)
        {
            lasted = _raised.TryGetValue(name, out var known) && Lasts(known);
            if (lasted)
            {
                _raised[name] = (known.Alert, DateTimeOffset.MinValue);
            }
        }

        if (lasted)
        {
            LogOver(name);
        }
    }

    public void Dispose() => _meter.Dispose();

    internal bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    bool Lasts((Alert Alert, DateTimeOffset? Until) one) => one.Until is not { } until || until > _clock.GetUtcNow();

    IEnumerable<Measurement<int>> Measure()
    {
        lock (_gate)
        {
            return [.. _raised.Select(one => new Measurement<int>(Lasts(one.Value) ? 1 : 0, new KeyValuePair<string, object?>("alert", one.Key)))];
        }
    }

    [LoggerMessage(101, LogLevel.Warning, "Alert {Name}: {Text}")]
    partial void LogRaised(string name, string text);

    [LoggerMessage(102, LogLevel.Information, "Alert {Name} is over")]
    partial void LogOver(string name);
}

/// <summary>A vendor says that we ask more than our quota there allows.</summary>
public static class QuotaAlerts
{
    /// <summary>A quota that is counted by the minute may be free again after this.</summary>
    static readonly TimeSpan Lasts = TimeSpan.FromMinutes(1);

    public static void QuotaReached(this Alerts alerts, string vendor) => alerts.Raise(
        $"quota.{vendor.ToLowerInvariant()}", $"{vendor} answers 429: our quota or rate limit there is reached. What is asked of it waits or does without; raise the limit or lower the load.", Lasts);
}
