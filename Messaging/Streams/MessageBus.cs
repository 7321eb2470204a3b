using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.Streams;

/// <summary>Publishes outside a step. The message's type says where to. Waits out a short Redis outage; throws when the time given is over.</summary>
public sealed class MessageBus
{
    /// <summary>XADD with type, id, call or incident, at, traceparent and data.</summary>
    public Task PublishAsync(Message message, CancellationToken ct) => throw new NotSupportedException();
}
