using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

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

    public IEnumerable<ToolCall> Calls => calls.Values.Select(entry => entry.Call);

    /// <param name="Engine">Who gets the answer.</param>
    public sealed record Entry(ToolCall Call, IConversationEngine Engine, double AtMs, Activity? Span)
    {
        /// <summary>What that engine calls it.</summary>
        public string AnswerId { get; init; } = Call.Id;
    }

    /// <summary>Asked for since the caller last spoke, with the answer where there is one.</summary>
    readonly List<(Entry Entry, string? Result)> ofThisTurn = [];

    /// <summary>The caller has said something new: what is asked for now is meant.</summary>
    public void NewTurn() => ofThisTurn.Clear();

    /// <summary>
    /// An engine that is told the caller's words a second time asks again for what the one before it had asked for. It is not done twice:
    /// the answer of the first time is its answer, or becomes so.
    /// </summary>
    /// <returns>The answer; empty where it is still to come; null where this is asked for the first time.</returns>
    public string? AskedBefore(ToolCall call, IConversationEngine by)
    {
        var index = ofThisTurn.FindIndex(asked => !ReferenceEquals(asked.Entry.Engine, by) && IsSame(asked.Entry.Call, call));
        if (index < 0)
        {
            return null;
        }

        var (entry, result) = ofThisTurn[index];
        entry = entry with { Engine = by, AnswerId = call.Id };
        ofThisTurn[index] = (entry, result);
        if (result is null && calls.ContainsKey(entry.Call.Id))
        {
            calls[entry.Call.Id] = entry;
            return "";
        }

        return result;
    }

    static bool IsSame(ToolCall one, ToolCall other)
    {
        try
        {
            return one.Name == other.Name && (one.Arguments == other.Arguments || JsonNode.DeepEquals(JsonNode.Parse(one.Arguments), JsonNode.Parse(other.Arguments)));
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            return false; // the worker says what is wrong with it
        }
    }

    /// <summary>A tool has answered.</summary>
    public void Answered(Entry entry, string result)
    {
        var index = ofThisTurn.FindIndex(asked => asked.Entry.Call.Id == entry.Call.Id);
        if (index >= 0)
        {
            ofThisTurn[index] = (entry, result);
        }
    }

    /// <summary>False where this call is already running: the vendor has sent it twice.</summary>
    public bool Add(Entry entry)
    {
        if (!calls.TryAdd(entry.Call.Id, entry))
        {
            return false;
        }

        ofThisTurn.Add((entry, null));
        return true;
    }

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
