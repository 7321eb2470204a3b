namespace CityMonitor.Hosting;

/// <summary>One line that a process of the city wrote.</summary>
public sealed record LogLine(DateTimeOffset At, string Process, string Text);

/// <summary>What to start and how. The default is everything simulated on free ports: what a test wants.</summary>
public sealed class CityOptions
{
    /// <summary>Ports by name (TelephonyApi, MediaBridge, ..., Twilio, Deepgram, Freshdesk, OpenAI, Simulator, Redis). A name that is absent gets a free one.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; init; } = new Dictionary<string, int>();

    /// <summary>How many of each service; absent: one. TelephonyApi's replicas share one public URL, which fails over.</summary>
    public IReadOnlyDictionary<string, int> Replicas { get; init; } = new Dictionary<string, int>();

    /// <summary>Settings that the user gave, by environment name, for example TWILIO_AUTH_TOKEN or Twilio__AuthToken. Decide which vendors are simulated.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>More environment for one process (by project name), or for all of them under "*". Wins over everything else.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Environment { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>Projects that are not started, for tests that play their part.</summary>
    public IReadOnlySet<string> Without { get; init; } = new HashSet<string>();

    /// <summary>Where redis-server keeps its files. Null: a directory of its own that goes away with the city.</summary>
    public string? RedisDirectory { get; init; }

    /// <summary>Where the records of calls are written, unless a setting says otherwise. Null: beside Redis' files.</summary>
    public string? TranscriptsDirectory { get; init; }

    /// <summary>Every line of every process, as it comes; may be called from several threads.</summary>
    public Action<LogLine>? Log { get; init; }

    /// <summary>How long everything together may take until it is ready; default 60 s.</summary>
    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a process may take to end by itself before it is killed; default 10 s.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The city could not be started; the message says what to do about it.</summary>
public sealed class CityStartException(string message, Exception? inner = null) : Exception(message, inner);
