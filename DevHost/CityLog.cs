using System.Collections.Concurrent;

namespace CityMonitor.Hosting;

/// <summary>The latest lines of every process, for tests and for the message of a start that failed.</summary>
sealed class CityLog(Action<LogLine>? sink)
{
    const int Kept = 20_000;

    readonly ConcurrentQueue<LogLine> lines = [];

    public void Write(LogLine line)
    {
        lines.Enqueue(line);
        while (lines.Count > Kept)
        {
            lines.TryDequeue(out _);
        }

        sink?.Invoke(line);
    }

    public IReadOnlyList<LogLine> Lines(string? process) => [.. lines.Where(line => process is null || line.Process == process)];

    /// <summary>The last lines of each process: where the reason of a failed start stands.</summary>
    public string Tails(IReadOnlyCollection<string>? processes = null) =>
        string.Join('\n', lines.GroupBy(line => line.Process).Where(group => processes is null || processes.Contains(group.Key))
            .Select(group => $"\n--- {group.Key}\n{string.Join('\n', group.TakeLast(15).Select(line => line.Text))}"));
}
