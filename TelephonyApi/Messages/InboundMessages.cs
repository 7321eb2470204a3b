using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>What people write back: opens the 24-hour window, notes STOP and START, and goes to the incident of that number.</summary>
sealed class InboundMessages(MessageStore store, MessageBus bus, ILogger<InboundMessages> log)
{
    static readonly HashSet<string> stop = new(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"], StringComparer.OrdinalIgnoreCase);
    static readonly HashSet<string> start = new(["START", "UNSTOP", "YES"], StringComparer.OrdinalIgnoreCase);

    /// <param name="sid">Twilio's: a message that comes again, from Twilio or from somebody who recorded it, counts once.</param>
    public async Task TakeAsync(string sid, PhoneNumber from, Channel channel, string body, IReadOnlyList<string> media, CancellationToken ct)
    {
        if (sid.Length > 0 && await store.WasTakenAsync(sid, ct))
        {
            MessageLog.Replayed(log, sid);
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", "replayed"));
            return;
        }

        await TellAsync(sid, from, channel, body, media, ct);
        if (sid.Length > 0)
        {
            // Only now: a crash before this takes it in twice rather than never.
            await store.RememberTakenAsync(sid, ct);
        }
    }

    async Task TellAsync(string sid, PhoneNumber from, Channel channel, string body, IReadOnlyList<string> media, CancellationToken ct)
    {
        if (channel == Channel.WhatsApp)
        {
            await store.OpenWindowAsync(from, ct);
        }

        var word = body.Trim().TrimEnd('.', '!');
        if (stop.Contains(word) || start.Contains(word))
        {
            var optsOut = stop.Contains(word);
            await store.OptAsync(from, channel, optsOut, ct);
            MessageLog.Opted(log, from.Masked, channel, optsOut ? "out" : "in");
        }

        if (await store.IncidentOfAsync(from, ct) is not { } incident)
        {
            MessageLog.NoIncident(log, from.Masked, channel);
            return;
        }

        await bus.PublishAsync(new MessageReceived(incident, from, channel, body, media, sid.Length > 0 ? sid : null), ct);
        await bus.PublishAsync(
            new AuditEntry("TelephonyApi", stop.Contains(word) ? "message.opted-out" : "message.received", incident.Value, null,
                $"{from.Masked} wrote by {channel}{(stop.Contains(word) ? " that they want no more messages" : "")}."), ct);
    }
}
