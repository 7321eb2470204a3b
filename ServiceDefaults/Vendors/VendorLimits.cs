namespace CityMonitor.ServiceDefaults;

/// <param name="Attempt">Longest time of one attempt, body included; default 10 s.</param>
/// <param name="Total">Longest time of all attempts and the waits between them; default 30 s.</param>
/// <param name="Retries">
/// Attempts after the first one; default 3. For idempotent methods (GET, HEAD, PUT, DELETE) on a timeout, a broken connection and 408
/// or 5xx; for any method on 429 and where no connection came about. A POST that may have arrived is never repeated.
/// </param>
public sealed record VendorLimits(TimeSpan Attempt, TimeSpan Total, int Retries)
{
    public static readonly VendorLimits Default = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), 3);

    /// <summary>First wait before a retry, doubled each time, with jitter; default 250 ms. A Retry-After takes its place.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long an open circuit refuses at once; default 5 s.</summary>
    public TimeSpan BreakFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Failures are counted over this time; default 30 s.</summary>
    public TimeSpan BreakSampling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts within the sampling time below which the circuit stays closed; above it half of them failing opens it. Default 10.</summary>
    public int BreakAtLeast { get; init; } = 10;

    /// <summary>Longest body that is read; default 8 MiB. Streams of events (text/event-stream) and audio are handed on unread: their reader bounds them.</summary>
    public long MaxBodyBytes { get; init; } = 8 * 1024 * 1024;
}
