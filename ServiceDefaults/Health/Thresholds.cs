namespace CityMonitor.ServiceDefaults;

/// <summary>Section Alerts: from where on something is worth an alert.</summary>
sealed class AlertOptions : ICheckedOptions
{
    public const string Section = "Alerts";

    /// <summary>A request that takes longer is slow: our own answers, and those of each vendor. Default 2000 ms.</summary>
    public int LatencyMs { get; set; } = 2000;

    /// <summary>The alert latency.* is raised while more than this share of the requests is slow; default 0.05, so that the 95th percentile counts.</summary>
    public double SlowAbove { get; set; } = 0.05;

    /// <summary>The alert errors.* is raised while more than this share of the requests fails; default 0.05.</summary>
    public double ErrorsAbove { get; set; } = 0.05;

    /// <summary>Requests are counted over this time; default 5 min.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Fewer requests than this within the window prove nothing; default 20.</summary>
    public int MinimumRequests { get; set; } = 20;

    /// <summary>The alert cpu is raised while the process uses more than this share of the cores that it may use; default 0.75.</summary>
    public double CpuAbove { get; set; } = 0.75;

    /// <summary>The share is averaged over this time; default 1 min.</summary>
    public TimeSpan CpuWindow { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often all of it is looked at; default 5 s.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(5);

    public IEnumerable<string> Problems()
    {
        if (LatencyMs is < 1 or > 600_000)
        {
            yield return $"Alerts:LatencyMs must be from 1 to 600000, for example 2000; found '{LatencyMs}'.";
        }

        foreach (var (key, share) in new[] { (nameof(SlowAbove), SlowAbove), (nameof(ErrorsAbove), ErrorsAbove), (nameof(CpuAbove), CpuAbove) })
        {
            if (share is not (> 0 and <= 1))
            {
                yield return $"Alerts:{key} must be a share above 0 and up to 1, for example 0.05; found '{share}'.";
            }
        }

        if (MinimumRequests is < 1 or > 1_000_000)
        {
            yield return $"Alerts:MinimumRequests must be from 1 to 1000000, for example 20; found '{MinimumRequests}'.";
        }

        foreach (var (key, time) in new[] { (nameof(Window), Window), (nameof(CpuWindow), CpuWindow), (nameof(LookEvery), LookEvery) })
        {
            if (time < TimeSpan.FromMilliseconds(100) || time > TimeSpan.FromHours(1))
            {
                yield return $"Alerts:{key} must be from 100 ms to one hour, for example 00:05:00; found '{time}'.";
            }
        }
    }
}

/// <summary>What is watched, and how it stands; shown by GET /status.</summary>
/// <param name="Name">The alert's, for example latency.openai.</param>
/// <param name="Value">A share, 0 to 1; null while too little has happened to tell.</param>
public sealed record Watched(string Name, double? Value, double Limit, bool Raised);

/// <summary>One alert that begins above a limit and ends well below it, so that a value about the limit does not ring it again and again.</summary>
public sealed class Threshold(string name, double limit, Alerts alerts)
{
    /// <summary>It is over below this part of the limit.</summary>
    const double OverBelow = 0.8;

    bool _raised;

    public Watched Now { get; private set; } = new(name, null, limit, false);

    /// <param name="value">Null where too little has happened to tell: what was begun then ends, since nothing goes on that could be wrong.</param>
    public void Judge(double? value, Func<double, string> text)
    {
        _raised = value is { } known && known > limit * (_raised ? OverBelow : 1);
        if (_raised)
        {
            alerts.Raise(name, text(value!.Value));
        }
        else
        {
            alerts.TakeBack(name);
        }

        Now = new Watched(name, value is { } rounded ? Math.Round(rounded, 4) : null, limit, _raised);
    }
}

/// <summary>How many requests there were within a window, how many were slow, how many failed. Thread-safe.</summary>
sealed class RequestCounts(TimeSpan window, TimeProvider clock)
{
    const int Slots = 30;

    readonly Lock _gate = new();
    readonly (long Slot, int All, int Slow, int Failed)[] _slots = new (long, int, int, int)[Slots];

    public void Add(bool slow, bool failed)
    {
        var now = Now;
        lock (_gate)
        {
            ref var slot = ref _slots[now % Slots];
            if (slot.Slot != now)
            {
                slot = (now, 0, 0, 0);
            }

            slot = (now, slot.All + 1, slot.Slow + (slow ? 1 : 0), slot.Failed + (failed ? 1 : 0));
        }
    }

    public (int All, int Slow, int Failed) Read()
    {
        var oldest = Now - Slots + 1;
        lock (_gate)
        {
            var (all, slow, failed) = (0, 0, 0);
            foreach (var slot in _slots.Where(slot => slot.Slot >= oldest))
            {
                (all, slow, failed) = (all + slot.All, slow + slot.Slow, failed + slot.Failed);
            }

            return (all, slow, failed);
        }
    }

    // From 1 on: an untouched slot is 0 and must be old.
    long Now => (clock.GetUtcNow().UtcTicks / (window.Ticks / Slots)) + 1;
}
