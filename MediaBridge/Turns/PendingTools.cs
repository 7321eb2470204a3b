using System.Diagnostics;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>Tools that AgentWorker runs for the conversation at this moment.</summary>
sealed class PendingTools
{
    /// <summary>After this a tool is answered with an error, so that the conversation goes on.</summary>
    public const double TimeoutMs = 20_000;

    readonly Dictionary<string, Entry> calls = new(StringComparer.Ordinal);

    public int Count => calls.Count;

    public sealed record Entry(ToolCall Call, IConversationEngine Engine, double AtMs, Activity? Span);

    /// <summary>False where this call is already running: the vendor has sent it twice.</summary>
    public bool Add(Entry entry) => calls.TryAdd(entry.Call.Id, entry);

    public bool Take(string id, out Entry entry) => calls.Remove(id, out entry!);

    /// <summary>Takes what has run out of time.</summary>
    public IReadOnlyList<Entry> TakeOverdue(double nowMs)
    {
        if (calls.Count == 0)
        {
            return [];
        }

        var overdue = calls.Values.Where(entry => nowMs - entry.AtMs >= TimeoutMs).ToList();
        overdue.ForEach(entry => calls.Remove(entry.Call.Id));
        return overdue;
    }

    public IReadOnlyList<Entry> TakeAll()
    {
        var all = calls.Values.ToList();
        calls.Clear();
        return all;
    }
}
