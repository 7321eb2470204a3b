namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>What Freshdesk last said, for /ready and /status.</summary>
sealed class FreshdeskHealth(TimeProvider clock)
{
    // A replica without the lease asks nothing by itself: what it knows grows old.
    static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    readonly Lock _gate = new();
    DateTimeOffset? _at;
    string? _problem;

    /// <summary>Null while all is well.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return _problem;
            }
        }
    }

    /// <summary>Nothing was asked lately, so that whoever wants to know has to ask now.</summary>
    public bool IsStale
    {
        get
        {
            lock (_gate)
            {
                return _at is not { } at || clock.GetUtcNow() - at > FreshFor;
            }
        }
    }

    public void Answered() => Set(null);

    public void Failed(string problem) => Set(problem);

    void Set(string? problem)
    {
        lock (_gate)
        {
            (_at, _problem) = (clock.GetUtcNow(), problem);
        }
    }
}
