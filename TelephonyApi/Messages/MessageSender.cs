using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>
/// Sends a message through Twilio, at least once: a part that Twilio has taken is not sent again, one whose outcome is unknown is. An
/// outage is waited out for an hour; a refusal is the message's end and told as such.
/// </summary>
sealed class MessageSender(
    MessageStore store, MessageStatuses statuses, TwilioClient twilio, LinkScreening links, PublicUrls urls, IOptions<TwilioOptions> options,
    TimeProvider clock, ILogger<MessageSender> log)
{
    /// <summary>After so long an outage somebody has to know that the message has not gone out.</summary>
    static readonly TimeSpan patience = TimeSpan.FromHours(1);

    public async ValueTask<Handled> SendAsync(SendMessage message, Step step, CancellationToken ct)
    {
        var state = await store.ReadAsync(message.Message, ct);
        if (!state.Exists)
        {
            await store.SetAsync(message.Message, ct,
                (MessageState.IncidentField, message.Incident.Value),
                ("to", message.To.Value),
                ("channel", message.Channel.ToString()),
                (MessageState.AtField, clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
            await store.RememberNumberAsync(message.To, message.Incident, ct);
        }

        if (await RefusalAsync(message, ct) is { } refusal)
        {
            await FailAsync(message, 0, refusal.Code, refusal.Words, ct);
            return await DoneAsync(message, step, ct);
        }

        var parts = await PartsAsync(message, state, ct);
        for (var part = 0; part < parts.Count; part++)
        {
            if (state.Sid(part) is not null || state.StatusOf(part) == DeliveryStatus.Failed)
            {
                continue;
            }

            var result = await PostAsync(message, parts[part], part, state, ct);
            if (result.Unreachable)
            {
                return await LaterAsync(message, state, part, result, step, ct);
            }

            if (result.Outcome == TwilioOutcome.Refused && part == 0)
            {
                // What the first one is refused for (the number, the sender, the account) the others would be too.
                break;
            }
        }

        return await DoneAsync(message, step, ct);
    }

    async Task<TwilioResult<MessageResource>> PostAsync(SendMessage message, MessagePart part, int index, MessageState state, CancellationToken ct)
    {
        if (state[$"p{index}.sending"] is not null)
        {
            MessageLog.Again(log, message.Message, index);
        }

        await store.SetAsync(message.Message, ct, ($"p{index}.sending", clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        var result = await twilio.CreateMessageAsync([.. part.Fields, new("StatusCallback", urls.MessageStatus(message.Message, index))], ct);
        Telemetry.Messages.Add(1, new("channel", message.Channel.ToString()), new("outcome", result.Outcome.ToString()));
        if (result.Ok)
        {
            if (message.Channel == Channel.Sms)
            {
                Telemetry.SmsSegments.Add(MessageParts.Segments(part.Fields.Single(field => field.Key == "Body").Value));
            }

            await store.SetAsync(message.Message, ct, ($"p{index}.sid", result.Value!.Sid));
            await store.WatchAsync(message.Message, index, ct);
            await statuses.NoteAsync(message.Message, index, result.Value.Status ?? "queued", result.Value.ErrorCode, result.Value.ErrorMessage, ct);
            MessageLog.Sent(log, message.Message, index, message.To.Masked, result.Value.Sid);
        }
        else if (result.Outcome == TwilioOutcome.Refused)
        {
            await FailAsync(message, index, result.Error!.Code, result.Describe(), ct);
        }

        return result;
    }

    async Task<(int Code, string Words)?> RefusalAsync(SendMessage message, CancellationToken ct)
    {
        if (message.Channel == Channel.WhatsApp && string.IsNullOrEmpty(options.Value.WhatsAppFrom))
        {
            return (0, "no WhatsApp sender is configured (Twilio:WhatsAppFrom)");
        }

        return await store.HasOptedOutAsync(message.To, message.Channel, ct) ? (21610, ErrorWords.Of(21610, null)!) : null;
    }

    async Task<IReadOnlyList<MessagePart>> PartsAsync(SendMessage message, MessageState state, CancellationToken ct)
    {
        message = await links.ScreenAsync(message, state, ct);
        var parts = message.Channel == Channel.Sms
            ? MessageParts.Sms(message, options.Value.SmsFrom is { Length: > 0 } from ? from : options.Value.PhoneNumber, message.MediaUrls)
            : await NeedsTemplateAsync(message, state, ct)
            ? MessageParts.Template(message, options.Value.WhatsAppFrom!, options.Value.WhatsAppTemplateSid!)
            : MessageParts.WhatsApp(message, options.Value.WhatsAppFrom!, message.MediaUrls);
        await store.SetAsync(message.Message, ct, (MessageState.PartsField, $"{parts.Count}"));
        return parts;
    }

    /// <summary>Decided once per message: the window may open between two attempts, and the parts must stay the same.</summary>
    async Task<bool> NeedsTemplateAsync(SendMessage message, MessageState state, CancellationToken ct)
    {
        var template = state.Template
            ?? (!string.IsNullOrEmpty(options.Value.WhatsAppTemplateSid) && message.TemplateVariables is not null && !await store.WindowIsOpenAsync(message.To, ct));
        await store.SetAsync(message.Message, ct, (MessageState.TemplateField, template ? "1" : "0"));
        return template;
    }

    async Task<Handled> LaterAsync(SendMessage message, MessageState state, int part, TwilioResult<MessageResource> result, Step step, CancellationToken ct)
    {
        var attempts = state.Number(MessageState.AttemptsField) + 1;
        var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(state.Number(MessageState.AtField, clock.GetUtcNow().ToUnixTimeMilliseconds()));
        if (age > patience)
        {
            await FailAsync(message, part, 0, $"Twilio could not be reached for {patience.TotalMinutes:0} minutes ({result.Describe()})", ct);
            return await DoneAsync(message, step, ct);
        }

        await store.SetAsync(message.Message, ct, (MessageState.AttemptsField, attempts.ToString(CultureInfo.InvariantCulture)));
        var delay = TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, Math.Min(attempts, 6))));
        MessageLog.Later(log, message.Message, result.Describe(), delay);
        return Handled.Retry(delay);
    }

    async Task FailAsync(SendMessage message, int part, int code, string words, CancellationToken ct)
    {
        MessageLog.Failed(log, message.Message, message.To.Masked, words);
        await store.SetAsync(message.Message, ct, ($"p{part}.code", $"{code}"), ($"p{part}.detail", words));
        await store.RaiseAsync(message.Message, $"p{part}.status", (int)DeliveryStatus.Failed, ct);
    }

    /// <summary>What the message has come to, in the same commit as the acknowledgement; a redelivery tells it again.</summary>
    async Task<Handled> DoneAsync(SendMessage message, Step step, CancellationToken ct)
    {
        var state = await store.ReadAsync(message.Message, ct);
        var (changed, audit) = MessageStatuses.Tell(message.Message, state);
        step.Publish(changed);
        step.Publish(audit);
        await store.RaiseAsync(message.Message, MessageState.StatusField, (int)changed.Status, ct);
        return Handled.Done;
    }
}
