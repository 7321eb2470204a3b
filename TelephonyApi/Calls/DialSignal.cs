namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Wakes this replica's dial pump: new work, or a place that became free.</summary>
sealed class DialSignal : IDisposable
{
    readonly SemaphoreSlim work = new(0, 1);

    public void Wake()
    {
        try
        {
            work.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already awake.
        }
    }

    /// <summary>Until <see cref="Wake"/>, or at most <paramref name="longest"/>.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken ct) => work.WaitAsync(longest, ct);

    public void Dispose() => work.Dispose();
}
