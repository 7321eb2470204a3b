namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>What Freshdesk last said, for /ready and /status.</summary>
sealed class FreshdeskHealth(TimeProvider clock)
{
    readonly Lock _gate = new();
    DateTimeOffset? _answeredAt;
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

    public DateTimeOffset? AnsweredAt
    {
        get
        {
            lock (_gate)
            {
                return _answeredAt;
            }
        }
    }

    public void Answered()
    {
        lock (_gate)
        {
            (_answeredAt, _problem) = (clock.GetUtcNow(), null);
        }
    }

    public void Failed(string problem)
    {
        lock (_gate)
        {
            _problem = problem;
        }
    }
}
