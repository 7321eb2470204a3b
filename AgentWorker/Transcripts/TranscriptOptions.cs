using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>Section Transcripts.</summary>
sealed class TranscriptOptions : ICheckedOptions
{
    public const string Section = "Transcripts";

    /// <summary>
    /// Where the records of the calls are written, one JSON document each; all replicas must see the same folder. It is made where it is
    /// missing. Default: run/transcripts, in the folder in which the service was started.
    /// </summary>
    public string Directory { get; set; } = Path.Combine("run", "transcripts");

    /// <summary>Records older than this many days are deleted; default 30, 0 keeps them for ever.</summary>
    public int KeepDays { get; set; } = 30;

    /// <summary>How often old records are looked for; default once a day.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Longest wait between two tries to write a record that could not be written; the first waits a second. Default 5 min.</summary>
    public TimeSpan LongestWait { get; set; } = TimeSpan.FromMinutes(5);

    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Directory) || Directory.IndexOfAny(Path.GetInvalidPathChars()) >= 0 || File.Exists(Directory))
        {
            yield return $"Transcripts:Directory must be a folder, or a path where one can be made, for example /var/lib/city-monitor/transcripts; found '{Directory}'.";
        }

        if (KeepDays is < 0 or > 36_500)
        {
            yield return $"Transcripts:KeepDays must be from 0 (for ever) to 36500, for example 30; found '{KeepDays}'.";
        }

        if (SweepEvery < TimeSpan.FromMilliseconds(100) || SweepEvery > TimeSpan.FromDays(7))
        {
            yield return $"Transcripts:SweepEvery must be from 100 ms to 7 days, for example 1.00:00:00; found '{SweepEvery}'.";
        }

        if (LongestWait < TimeSpan.FromSeconds(1) || LongestWait > TimeSpan.FromHours(6))
        {
            yield return $"Transcripts:LongestWait must be from 1 s to 6 hours, for example 00:05:00; found '{LongestWait}'.";
        }
    }
}
