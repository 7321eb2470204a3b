using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace CityMonitor.ServiceDefaults;

enum MetricKind { Counter, Gauge, Histogram }

/// <summary>
/// Keeps what this process' meters have measured, for whoever comes to read it (GET /metrics): sums of counters, last values of gauges,
/// histograms. What goes out over OTLP is apart from this.
/// </summary>
sealed partial class MetricsBook : IDisposable
{
    readonly MeterListener _listener = new();
    readonly Lock _gate = new();
    readonly List<MetricFamily> _families = [];
    readonly ILogger<MetricsBook> _log;

    public MetricsBook(ILogger<MetricsBook> log)
    {
        _log = log;
        _listener.InstrumentPublished = OnPublished;
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Add((double)value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Add(value, tags));
        _listener.Start();
    }

    /// <summary>All that is known now, in the order of the names.</summary>
    public IReadOnlyList<MetricFamily> Read()
    {
        lock (_gate)
        {
            foreach (var family in _families.Where(family => family.IsObserved))
            {
                family.Clear(); // what is not observed any more is no more
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException error)
            {
                // One gauge that cannot be read keeps nobody from the others.
                LogUnreadable(error);
            }

            return [.. _families.OrderBy(family => family.Name, StringComparer.Ordinal)];
        }
    }

    public void Dispose() => _listener.Dispose();

    void OnPublished(Instrument instrument, MeterListener listener)
    {
        if (IsShown(instrument.Meter.Name))
        {
            var family = new MetricFamily(instrument);
            lock (_gate)
            {
                _families.Add(family);
            }

            listener.EnableMeasurementEvents(instrument, family);
        }
    }

    static bool IsShown(string meter) =>
        meter.StartsWith("CityMonitor.", StringComparison.Ordinal) || meter.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) || meter is "System.Net.Http" or "System.Runtime";

    [LoggerMessage(111, LogLevel.Warning, "A metric cannot be read")]
    partial void LogUnreadable(Exception error);
}

/// <summary>One instrument and its series, one for each combination of tags.</summary>
sealed class MetricFamily
{
    /// <summary>Tags are meant to be few; whoever makes endless ones fills no memory with it: what comes beyond is not kept.</summary>
    const int MostSeries = 1000;

    // OpenTelemetry's for durations in seconds, and its general ones.
    static readonly double[] s_seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    static readonly double[] s_general = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    readonly List<MetricSeries> _series = [];
    readonly bool _sums;

    public MetricFamily(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        (Name, Unit, Description, IsObserved) = (instrument.Name, instrument.Unit ?? "", instrument.Description ?? "", instrument.IsObservable);
        Kind = type.StartsWith("Histogram", StringComparison.Ordinal) ? MetricKind.Histogram
            : type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal) ? MetricKind.Counter
            : MetricKind.Gauge;
        _sums = !IsObserved && !type.StartsWith("Gauge", StringComparison.Ordinal);
        Bounds = Kind != MetricKind.Histogram ? [] : Advised(instrument) ?? (Unit == "s" ? s_seconds : s_general);
    }

    public string Name { get; }

    public string Unit { get; }

    public string Description { get; }

    public MetricKind Kind { get; }

    public bool IsObserved { get; }

    /// <summary>Upper bounds of a histogram's buckets; the last one, which takes everything, is not among them.</summary>
    public IReadOnlyList<double> Bounds { get; }

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_series)
        {
            if (Find(tags) is not { } series)
            {
                return;
            }

            series.Value = _sums ? series.Value + value : value;
            if (Kind == MetricKind.Histogram)
            {
                var bucket = 0;
                while (bucket < Bounds.Count && value > Bounds[bucket])
                {
                    bucket++;
                }

                series.Buckets[bucket]++;
            }
        }
    }

    public void Clear()
    {
        lock (_series)
        {
            _series.Clear();
        }
    }

    public IReadOnlyList<MetricSeries> Snapshot()
    {
        lock (_series)
        {
            return _series.ConvertAll(series => series.Copy());
        }
    }

    MetricSeries? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var known in _series)
        {
            if (known.Has(tags))
            {
                return known;
            }
        }

        if (_series.Count >= MostSeries)
        {
            return null;
        }

        var series = new MetricSeries(tags.ToArray(), Kind == MetricKind.Histogram ? Bounds.Count + 1 : 0);
        _series.Add(series);
        return series;
    }

    static IReadOnlyList<double>? Advised(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => bounds,
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => null,
    };
}

/// <param name="tags">As they were measured.</param>
sealed class MetricSeries(KeyValuePair<string, object?>[] tags, int buckets)
{
    public IReadOnlyList<KeyValuePair<string, object?>> Tags => tags;

    /// <summary>The sum of a counter or histogram, the last value of a gauge.</summary>
    public double Value { get; set; }

    /// <summary>How many values fell into each bucket of a histogram; the last one has no upper bound.</summary>
    public long[] Buckets { get; } = new long[buckets];

    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> others)
    {
        if (others.Length != tags.Length)
        {
            return false;
        }

        for (var i = 0; i < tags.Length; i++)
        {
            if (tags[i].Key != others[i].Key || !Equals(tags[i].Value, others[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    public MetricSeries Copy()
    {
        var copy = new MetricSeries(tags, Buckets.Length) { Value = Value };
        Buckets.CopyTo(copy.Buckets, 0);
        return copy;
    }
}
