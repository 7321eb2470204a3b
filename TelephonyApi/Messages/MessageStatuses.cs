using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>Takes Twilio's reports on messages in. A part's status never goes back; a change of the whole message is told.</summary>
sealed class MessageStatuses(MessageStore store, MessageBus bus, ILogger<MessageStatuses> log)
{
    public async Task ApplyAsync(MessageId message, int part, string? status, int? code, string? words, CancellationToken ct)
    {
        if (!(await store.ReadAsync(message, ct)).Exists)
        {
            MessageLog.Unknown(log, message, status);
            return;
        }

        await NoteAsync(message, part, status, code, words, ct);
        var state = await store.ReadAsync(message, ct);
        var (changed, audit) = Tell(message, state);
        if ((int)changed.Status <= state.Told)
        {
            return;
        }

        await bus.PublishAsync(changed, ct);
        await bus.PublishAsync(audit, ct);
        await store.RaiseAsync(message, MessageState.StatusField, (int)changed.Status, ct);
    }

    /// <summary>Into the state only.</summary>
    public async Task NoteAsync(MessageId message, int part, string? status, int? code, string? words, CancellationToken ct)
    {
        if (StatusOf(status) is not { } delivery)
        {
            MessageLog.UnknownStatus(log, message, status);
            return;
        }

        var known = (await store.ReadAsync(message, ct)).StatusOf(part);
        if (delivery == DeliveryStatus.Failed && known is DeliveryStatus.Delivered or DeliveryStatus.Read)
        {
            // It has arrived; a report to the contrary is a late one of an earlier hop.
            return;
        }

        if (delivery == DeliveryStatus.Failed && known != DeliveryStatus.Failed)
        {
            await store.SetAsync(message, ct, ($"p{part}.code", $"{code ?? 0}"), ($"p{part}.detail", ErrorWords.Of(code, words) ?? "not delivered"));
        }

        await store.RaiseAsync(message, $"p{part}.status", (int)delivery, ct);
        if (delivery >= DeliveryStatus.Delivered)
        {
            await store.UnwatchAsync(message, part, ct);
        }
        else if (known < DeliveryStatus.Delivered)
        {
            await store.WatchAsync(message, part, ct);
        }
    }

    public static (MessageStatusChanged Changed, AuditEntry Audit) Tell(MessageId message, MessageState state)
    {
        var status = state.Overall;
        var (code, detail) = status == DeliveryStatus.Failed ? state.Failure : (null, state[MessageState.NoteField]);
        return (
            new MessageStatusChanged(state.Incident, message, status, code, detail),
            new AuditEntry(
                "TelephonyApi", $"message.{status.ToString().ToLowerInvariant()}", message.Root, null,
                $"Message {message} is {Words(status)}{(detail is null ? "" : $": {detail}")}."));
    }

    static string Words(DeliveryStatus status) => status switch
    {
        DeliveryStatus.Accepted => "with Twilio",
        DeliveryStatus.Failed => "not delivered",
        _ => status.ToString().ToLowerInvariant(),
    };

    static DeliveryStatus? StatusOf(string? status) => status switch
    {
        "accepted" or "scheduled" or "queued" or "sending" => DeliveryStatus.Accepted,
        "sent" => DeliveryStatus.Sent,
        "delivered" or "partially_delivered" => DeliveryStatus.Delivered,
        "read" => DeliveryStatus.Read,
        "failed" or "undelivered" or "canceled" => DeliveryStatus.Failed,
        _ => null,
    };
}
