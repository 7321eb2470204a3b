using System.Globalization;

namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>
/// Keeps below the account's requests per minute, which other programs use too: from the limit headers of the last answer, and from
/// what a 429 asked for. Looks give way early, so that a responder's acknowledgement still gets through.
/// </summary>
sealed class FreshdeskPace(TimeProvider clock)
{
    /// <summary>Retry-After can be punitive; nobody waits longer than this before asking again.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>The wait where a 429 does not say how long.</summary>
    public static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(30);

    // Below this share of the minute's limit, looks are spread over the rest of the minute.
    const double Reserve = 0.25;

    readonly Lock _gate = new();
    DateTimeOffset _notBefore;
    double? _total;
    double? _remaining;
    DateTimeOffset _seenAt;

    /// <summary>How long a look has to wait now.</summary>
    public TimeSpan ForLook()
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            var blocked = _notBefore - now;
            var scarce = TimeSpan.Zero;
            if (_total is > 0 && _remaining is { } remaining && remaining < _total * Reserve && now - _seenAt < TimeSpan.FromMinutes(1))
            {
                scarce = TimeSpan.FromSeconds(Math.Min(60 / Math.Max(1, remaining), 10)) - (now - _seenAt);
            }

            return Max(TimeSpan.Zero, Max(blocked, scarce));
        }
    }

    /// <summary>How long a write has to wait now: only as long as a 429 asked for.</summary>
    public TimeSpan ForWrite()
    {
        lock (_gate)
        {
            return Max(TimeSpan.Zero, _notBefore - clock.GetUtcNow());
        }
    }

    public void Saw(HttpResponseMessage response)
    {
        lock (_gate)
        {
            _total = Header(response, "X-Ratelimit-Total") ?? _total;
            _remaining = Header(response, "X-Ratelimit-Remaining") ?? _remaining;
            _seenAt = clock.GetUtcNow();
        }
    }

    /// <returns>How long until the next request, capped.</returns>
    public TimeSpan Limited(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ => UsualWait,
        };
        var wait = Max(TimeSpan.Zero, asked < LongestWait ? asked : LongestWait);
        lock (_gate)
        {
            _notBefore = clock.GetUtcNow() + wait;
        }

        return wait;
    }

    // Values are printed as 100 or as 100.0.
    static double? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) && double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
