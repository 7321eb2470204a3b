namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Every call of the account, newest first. The oldest finished ones are forgotten beyond <see cref="Kept"/>.</summary>
sealed class CallBook
{
    public const int Kept = 5000;

    readonly Lock gate = new();
    readonly LinkedList<Call> calls = [];
    readonly Dictionary<string, LinkedListNode<Call>> bySid = [];

    public void Add(Call call)
    {
        lock (gate)
        {
            bySid[call.Sid] = calls.AddFirst(call);
            for (var last = calls.Last; calls.Count > Kept && last is not null && last.Value.IsOver; last = calls.Last)
            {
                Forget(last);
            }
        }
    }

    public Call? Find(string sid)
    {
        lock (gate)
        {
            return bySid.GetValueOrDefault(sid)?.Value;
        }
    }

    public IReadOnlyList<Call> List()
    {
        lock (gate)
        {
            return [.. calls];
        }
    }

    public bool Remove(string sid)
    {
        lock (gate)
        {
            return bySid.TryGetValue(sid, out var node) && Forget(node);
        }
    }

    bool Forget(LinkedListNode<Call> node)
    {
        calls.Remove(node);
        bySid.Remove(node.Value.Sid);
        node.Value.Dispose();
        return true;
    }
}
