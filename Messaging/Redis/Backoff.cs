namespace CityMonitor.Messaging.Redis;

/// <summary>Delays that double from the first to the longest, each between half and all of its length so that many clients do not come back at once.</summary>
struct Backoff(TimeSpan first, TimeSpan longest)
{
    int _attempts;

    public TimeSpan Next()
    {
        var delay = Math.Min(first.TotalMilliseconds * Math.Pow(2, Math.Min(_attempts++, 20)), longest.TotalMilliseconds);
#pragma warning disable CA5394 // Jitter is no secret.
        return TimeSpan.FromMilliseconds(delay * (0.5 + Random.Shared.NextDouble() / 2));
#pragma warning restore CA5394
    }

    public void Reset() => _attempts = 0;
}
