using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Reception;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.AgentWorker;

/// <summary>A message's root tells whose it is: an incident's, or a call's that came in and is about none.</summary>
sealed class RootHandler(IncidentHandler incidents, ReceptionHandler receptions) : IMessageHandler
{
    public ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct) =>
        delivery.Message is AgentMessage message && CallId.IsInboundRoot(message.Root) ? receptions.HandleAsync(delivery, step, ct) : incidents.HandleAsync(delivery, step, ct);
}
