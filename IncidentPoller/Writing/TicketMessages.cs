using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.IncidentPoller.Writing;

/// <summary>Takes messages of cm:tickets over into the tickets' own queues. What may never happen is refused here.</summary>
sealed class TicketMessages(TicketWork work) : IMessageHandler
{
    public ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        switch (delivery.Message)
        {
            case UpdateTicket { Status: TicketStatus.Resolved or TicketStatus.Closed } update:
                return ValueTask.FromResult(Handled.Dead($"{update.WriteId} would set ticket {update.TicketId} to {update.Status}: City Monitor never resolves or closes a ticket."));
            case UpdateTicket { Status: null, CustomFields: null or { Count: 0 }, Acceptance: null, Correction: null }:
                break;
            case UpdateTicket { Status: { } status } update when (int)status < (int)TicketStatus.Open:
                return ValueTask.FromResult(Handled.Dead($"{update.WriteId} would set ticket {update.TicketId} to status {(int)status}, which Freshdesk does not have."));
            case UpdateTicket update:
                work.Add(step, update.TicketId, new TicketWorkItem(Update: update), delivery.EntryId);
                break;
            case AddTicketNote note:
                work.Add(step, note.TicketId, new TicketWorkItem(Note: note), delivery.EntryId);
                break;
            case CreateTicket create:
                work.Add(step, TicketFiler.QueueOf(create.WriteId), new TicketWorkItem(Create: create), delivery.EntryId);
                break;
            case TicketTouched { TicketId: > 0 } touched:
                work.Add(step, touched.TicketId, TicketWorkItem.Look, delivery.EntryId);
                break;
            default:
                return ValueTask.FromResult(Handled.Dead($"{delivery.Message.GetType().Name} does not belong into cm:tickets."));
        }

        return ValueTask.FromResult(Handled.Done);
    }
}
