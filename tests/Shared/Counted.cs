using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace CityMonitor.Tests.Shared;

/// <summary>What one counter (or histogram, by its measurements) has counted since this was made, by the value of one tag.</summary>
sealed class Counted : IDisposable
{
    readonly MeterListener listener = new();
    readonly ConcurrentDictionary<string, long> counts = new(StringComparer.Ordinal);

    public Counted(string instrument, string tag)
    {
        listener.InstrumentPublished = (found, self) =>
        {
            if (found.Name == instrument)
            {
                self.EnableMeasurementEvents(found);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Count(tags, value));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Count(tags, 1));
        listener.Start();

        void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags, long value)
        {
            foreach (var one in tags)
            {
                if (one.Key == tag)
                {
                    counts.AddOrUpdate($"{one.Value}", value, (_, now) => now + value);
                }
            }
        }
    }

    public long this[string value] => counts.GetValueOrDefault(value);

    public override string ToString() => string.Join(", ", counts.Select(one => $"{one.Key}: {one.Value}"));

    public void Dispose() => listener.Dispose();
}

/// <summary>How much a property is tried: 20,000 cases, and a million in the suite's long mode (./test.sh --long).</summary>
static class Effort
{
    public static bool Long => Environment.GetEnvironmentVariable("CITYMONITOR_LONG") is { Length: > 0 } and not "0";

    public static int Cases => Long ? 1_000_000 : 20_000;

    /// <summary>Where one case is a signed HTTP request with all its Redis behind it, about a millisecond.</summary>
    public static int RealCases => Long ? 200_000 : 4_000;
}
