using CityMonitor.AgentWorker.Flows;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>One message on its way through an incident or a call that came in: the effects that were decided so far. No clock, no Redis, no network.</summary>
abstract class MessageDecision(DateTimeOffset now, Flow flow)
{
    readonly List<Message> _messages = [];

    public DateTimeOffset Now => now;

    /// <summary>When the message was published; null where nobody knows.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    public Flow Flow => flow;

    public IReadOnlyList<Message> Messages => _messages;

    /// <summary>Tool calls that were answered, for the call's record.</summary>
    public List<(CallId Call, ToolCallRecord Record)> ToolCalls { get; } = [];

    /// <summary>Metrics to record when the decision is applied; a decision that is made again after a crash may count twice.</summary>
    public List<Action> Measurements { get; } = [];

    /// <summary>What the conversation's stage allows; the rest would be refused anyway.</summary>
    public abstract IReadOnlyList<string> OfferedTools { get; }

    public void Publish(Message message) => _messages.Add(message);

    /// <summary>Takes messages back that another part answers for.</summary>
    public IReadOnlyList<T> TakeMessages<T>(Func<T, bool> which) where T : Message
    {
        List<T> taken = [.. _messages.OfType<T>().Where(which)];
        _messages.RemoveAll(message => message is T m && taken.Contains(m));
        return taken;
    }
}
