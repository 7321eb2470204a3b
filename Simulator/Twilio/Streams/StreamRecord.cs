namespace CityMonitor.Simulator.Twilio.Streams;

/// <param name="ReceivedMs">When the application sent it, in ms since the stream began.</param>
/// <param name="EchoedMs">When it was echoed.</param>
/// <param name="Cleared">It was echoed because of a clear: what was before it was not all heard.</param>
sealed record MarkEntry(string Name, int ReceivedMs, int? EchoedMs, bool Cleared);

sealed record ClearEntry(int AtMs, long DroppedBytes, int MarksEchoed);

/// <summary>What happened on one media stream. Thread-safe.</summary>
sealed class StreamRecord(string sid, string name, string url, bool bidirectional, IReadOnlyDictionary<string, string> parameters)
{
    readonly Lock gate = new();
    readonly List<MarkEntry> marks = [];
    readonly List<ClearEntry> clears = [];
    readonly List<string> errors = [];

    public string Sid { get; } = sid;

    public string Name { get; } = name;

    public string Url { get; } = url;

    public bool Bidirectional { get; } = bidirectional;

    public IReadOnlyDictionary<string, string> Parameters { get; } = parameters;

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? StoppedAt { get; set; }

    public string? EndedBy { get; set; }

    public long FramesSent { get; set; }

    /// <summary>Frames that were not sent because the application did not read.</summary>
    public long FramesDropped { get; set; }

    public long MediaMessages { get; set; }

    public long BytesReceived { get; set; }

    public long BytesPlayed { get; set; }

    /// <summary>How often the buffer ran dry in the middle of what the application was saying.</summary>
    public int Underruns { get; set; }

    public void MarkReceived(string markName, int atMs)
    {
        lock (gate)
        {
            marks.Add(new MarkEntry(markName, atMs, null, false));
        }
    }

    public void MarkEchoed(string markName, int atMs, bool cleared)
    {
        lock (gate)
        {
            var index = marks.FindIndex(mark => mark.Name == markName && mark.EchoedMs is null);
            if (index >= 0)
            {
                marks[index] = marks[index] with { EchoedMs = atMs, Cleared = cleared };
            }
        }
    }

    public void Cleared(ClearEntry clear)
    {
        lock (gate)
        {
            clears.Add(clear);
        }
    }

    public void Error(string message)
    {
        lock (gate)
        {
            errors.Add(message);
        }
    }

    public (IReadOnlyList<MarkEntry> Marks, IReadOnlyList<ClearEntry> Clears, IReadOnlyList<string> Errors) Snapshot()
    {
        lock (gate)
        {
            return ([.. marks], [.. clears], [.. errors]);
        }
    }
}
