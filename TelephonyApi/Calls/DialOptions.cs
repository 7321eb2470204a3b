using CityMonitor.ServiceDefaults;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Section Capacity.</summary>
sealed class CapacityOptions : ICheckedOptions
{
    public const string Section = "Capacity";

    /// <summary>Calls that may be dialled or live at once, over all replicas; default 100.</summary>
    public int MaxConcurrentCalls { get; set; } = 100;

    /// <summary>The share of it above which the alert capacity is raised; default 0.8.</summary>
    public double AlertAbove { get; set; } = 0.8;

    public IEnumerable<string> Problems()
    {
        if (MaxConcurrentCalls is < 1 or > 100_000)
        {
            yield return "Capacity:MaxConcurrentCalls must be from 1 to 100000, for example 100.";
        }

        if (AlertAbove is not (> 0 and <= 1))
        {
            yield return "Capacity:AlertAbove must be a share above 0 and up to 1, for example 0.8.";
        }
    }
}

/// <summary>Section Dialling: the waits of the dial state machine. The defaults suit Twilio; tests shorten them.</summary>
sealed class DialOptions : ICheckedOptions
{
    public const string Section = "Dialling";

    /// <summary>The longest a create request may take; must end well before <see cref="ReconcileAfter"/>. Default 8 s.</summary>
    public TimeSpan CreateTimeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>A dial without an answer for so long is looked for in Twilio's list of calls. Default 10 s.</summary>
    public TimeSpan ReconcileAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A dial that Twilio's list does not show for so long, counted from the dial, has ended unknown. Default 40 s.</summary>
    public TimeSpan UnknownAfter { get; set; } = TimeSpan.FromSeconds(40);

    /// <summary>As <see cref="UnknownAfter"/>, where Twilio's list cannot be read at all. Default 5 minutes.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>First wait after a refusal to serve (429, no connection); doubles up to 30 s. Default 1 s.</summary>
    public TimeSpan Backoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A live call of which nothing was heard for so long is looked up at Twilio: its last callback may be lost. Default 60 s.</summary>
    public TimeSpan CheckLiveAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the watches look. Default 500 ms.</summary>
    public TimeSpan WatchEvery { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>After a stream error, how long Twilio has to ask /twilio/continue by itself. Default 1 s.</summary>
    public TimeSpan StreamErrorGrace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often every replica looks for bridges that have lapsed: a call hears nothing meanwhile. Default 250 ms.</summary>
    public TimeSpan BridgeWatchEvery { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>After Redis was away, how long a bridge may take to show itself again before its calls are moved. Default 2.5 s: its lease, a renewal and some.</summary>
    public TimeSpan BridgeGrace { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>The longest a report of Twilio's waits for Redis. Default 5 s.</summary>
    public TimeSpan RedisPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest a TwiML request waits for Redis before 'one moment' is said: the phone hears nothing meanwhile. Default 1 s.</summary>
    public TimeSpan TwimlPatience { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A call that comes in rings on until AgentWorker has said how it is answered, at most so long; then 'one moment' is said. Below <see cref="RedisPatience"/>. Default 3 s.</summary>
    public TimeSpan SessionWait { get; set; } = TimeSpan.FromSeconds(3);

    public IEnumerable<string> Problems()
    {
        foreach (var (key, value) in new[]
        {
            (nameof(CreateTimeout), CreateTimeout), (nameof(ReconcileAfter), ReconcileAfter), (nameof(UnknownAfter), UnknownAfter),
            (nameof(GiveUpAfter), GiveUpAfter), (nameof(Backoff), Backoff), (nameof(CheckLiveAfter), CheckLiveAfter),
            (nameof(WatchEvery), WatchEvery), (nameof(StreamErrorGrace), StreamErrorGrace), (nameof(BridgeWatchEvery), BridgeWatchEvery), (nameof(BridgeGrace), BridgeGrace),
            (nameof(RedisPatience), RedisPatience), (nameof(TwimlPatience), TwimlPatience), (nameof(SessionWait), SessionWait),
        })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromHours(1))
            {
                yield return $"Dialling:{key} must be above 0 and at most one hour, for example 00:00:10.";
            }
        }

        if (CreateTimeout >= ReconcileAfter || ReconcileAfter >= UnknownAfter || UnknownAfter > GiveUpAfter)
        {
            yield return "Dialling: CreateTimeout < ReconcileAfter < UnknownAfter <= GiveUpAfter must hold, for example 00:00:08, 00:00:10, 00:00:40, 00:05:00.";
        }
    }
}
