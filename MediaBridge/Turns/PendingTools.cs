using System.Diagnostics;

namespace CityMonitor.MediaBridge.Turns;

/// <summary>Tools that AgentWorker runs for the conversation at this moment.</summary>
/// <param name="timeoutMs">After this a tool is answered with an error, so that the conversation goes on.</param>
sealed class PendingTools(double timeoutMs)
{
    /// <summary>More tools than this never run out of time in a conversation that anybody can follow.</summary>
    const int MostLate = 32;

    readonly Dictionary<string, Entry> calls = new(StringComparer.Ordinal);

    /// <summary>What ran out of time: the model was told that it did not work, and the worker may still do it.</summary>
    readonly Dictionary<string, ToolCall> late = new(StringComparer.Ordinal);

    public int Count => calls.Count;

    public sealed record Entry(ToolCall Call, IConversationEngine Engine, double AtMs, Activity? Span);

    /// <summary>False where this call is already running: the vendor has sent it twice.</summary>
    public bool Add(Entry entry) => calls.TryAdd(entry.Call.Id, entry);

    public bool Take(string id, out Entry entry) => calls.Remove(id, out entry!);

    public bool TakeLate(string id, out ToolCall call) => late.Remove(id, out call!);

    public bool Runs(string name) => calls.Values.Any(entry => entry.Call.Name == name);

    /// <summary>Takes what has run out of time.</summary>
    public IReadOnlyList<Entry> TakeOverdue(double nowMs)
    {
        if (calls.Count == 0)
        {
            return [];
        }

        var overdue = calls.Values.Where(entry => nowMs - entry.AtMs >= timeoutMs).ToList();
        foreach (var entry in overdue)
        {
            calls.Remove(entry.Call.Id);
            if (late.Count < MostLate)
            {
                late[entry.Call.Id] = entry.Call;
            }
        }

        return overdue;
    }

    public IReadOnlyList<Entry> TakeAll()
    {
        var all = calls.Values.ToList();
        calls.Clear();
        return all;
    }
}
