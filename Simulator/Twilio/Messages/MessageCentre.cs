using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Twiml;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>Takes each message through its life, as the phone's script says, and tells the application.</summary>
sealed partial class MessageCentre(
    MessageBook book, PhoneBook phones, OrderedWebhooks callbacks, WebhookSender webhooks, MediaFetch mediaFetch, NumberSettings number, Timeline timeline, TimeProvider clock,
    ILogger<MessageCentre> logger)
    : IHostedService, IDisposable
{
    readonly ConcurrentDictionary<string, Task> running = new();
    readonly CancellationTokenSource stopping = new();

    public void Send(Message message)
    {
        book.Add(message);
        running[message.Sid] = WatchAsync(message, () => DeliverAsync(message));
    }

    /// <summary>A phone writes to the application, which may answer with <c>&lt;Message&gt;</c>.</summary>
    public void Receive(Message message, string url)
    {
        book.Add(message);
        book.Received(message);
        Tell(message, MessageStatus.Received);
        running[message.Sid] = WatchAsync(message, () => PassOnAsync(message, url));
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Values).WaitAsync(TimeSpan.FromSeconds(1), clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stopping.Dispose();

    async Task WatchAsync(Message message, Func<Task> work)
    {
        // The sender is answering an HTTP request; the message goes its own way.
        await Task.Yield();
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The simulator ends.
        }
        catch (Exception e)
        {
            LogBroken(e, message.Sid);
            timeline.Add("simulator.error", message.Sid, new JsonObject { ["error"] = e.ToString() });
        }
        finally
        {
            running.TryRemove(message.Sid, out _);
        }
    }

    async Task DeliverAsync(Message message)
    {
        var script = phones.For(message.PhoneNumber).Messaging;
        Tell(message, MessageStatus.Queued);
        await Task.Delay(script.SentAfter, clock, stopping.Token);
        if (await FailureAsync(message, script) is { } code)
        {
            Move(message, MessageStatus.Failed, code);
            return;
        }

        if (!Move(message, MessageStatus.Sent))
        {
            return;
        }

        await Task.Delay(script.DeliveredAfter, clock, stopping.Token);
        if (script.UndeliveredWith is { } reason)
        {
            Move(message, MessageStatus.Undelivered, reason);
        }
        else if (Move(message, MessageStatus.Delivered) && message.IsWhatsApp)
        {
            if (script.ReadAfter is { } readAfter)
            {
                await Task.Delay(readAfter, clock, stopping.Token);
                Move(message, MessageStatus.Read);
            }

            if (message.ContentSid is not null && script.RepliesToTemplate is { } reply)
            {
                Receive(new Message(message.AccountSid, message.From, message.To, reply, [], "inbound", clock), number.MessageUrl);
            }
        }
    }

    async Task<int?> FailureAsync(Message message, MessagingScript script)
    {
        if (script.FailsWith is { } code)
        {
            return code;
        }

        if (message.IsWhatsApp)
        {
            if (!script.HasWhatsApp)
            {
                return MessageErrors.NotOnWhatsApp;
            }

            if (message.ContentSid is null && !script.WhatsAppWindowOpen && !book.IsWindowOpen(message.To, message.From))
            {
                return MessageErrors.OutsideWindow;
            }
        }

        foreach (var url in message.MediaUrls)
        {
            var media = script.RejectsMedia ? null : await mediaFetch.FetchAsync(url, stopping.Token);
            if (media is null)
            {
                return message.IsWhatsApp ? MessageErrors.MediaFailed : MessageErrors.UnknownDelivery;
            }

            message.Add(media);
        }

        return null;
    }

    async Task PassOnAsync(Message message, string url)
    {
        var answer = await webhooks.SendAsync(new Webhook(url, "POST", MessageFields.Inbound(message), message.Sid), stopping.Token);
        if (answer.ErrorCode is not null || answer.Body.Length == 0)
        {
            return;
        }

        try
        {
            foreach (var reply in TwimlDocument.Parse(answer.Body, url).Response.Elements().Where(verb => verb.Name.LocalName == "Message"))
            {
                var bodies = reply.Elements().Where(child => child.Name.LocalName == "Body").Select(child => child.Value).ToArray();
                string[] media = [.. reply.Elements().Where(child => child.Name.LocalName == "Media").Select(child => child.Value.Trim())];
                Send(new Message(message.AccountSid, message.From, message.To, bodies.Length > 0 ? bodies[0] : reply.Value.Trim(), media, "outbound-reply", clock));
            }
        }
        catch (TwimlException e)
        {
            timeline.Add("twilio.error", message.Sid, new JsonObject { ["code"] = e.Code, ["message"] = e.Message });
        }
    }

    bool Move(Message message, string status, int? errorCode = null)
    {
        if (!message.MoveTo(status, errorCode))
        {
            return false;
        }

        Tell(message, status);
        return true;
    }

    void Tell(Message message, string status)
    {
        timeline.Add($"message.{status}", message.Sid, new JsonObject
        {
            ["from"] = message.From,
            ["to"] = message.To,
            ["phone"] = message.PhoneNumber,
            ["direction"] = message.Direction,
            ["body"] = message.Body,
            ["contentSid"] = message.ContentSid,
            ["contentVariables"] = message.ContentVariables,
            ["media"] = new JsonArray([.. message.MediaUrls.Select(url => (JsonNode)url)]),
            ["errorCode"] = message.ErrorCode,
        });
        if (!message.IsInbound && message.StatusCallback is { Length: > 0 } url)
        {
            callbacks.Enqueue(new Webhook(url, "POST", MessageFields.Status(message, status), message.Sid));
        }
    }

    [LoggerMessage(1301, LogLevel.Error, "Message {Sid} broke in the simulator itself")]
    partial void LogBroken(Exception exception, string sid);
}

/// <summary>The form fields of requests about messages.</summary>
static class MessageFields
{
    public static List<KeyValuePair<string, string>> Status(Message message, string status)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("AccountSid", message.AccountSid),
            new("ApiVersion", "2010-04-01"),
            new("From", message.From),
            new("MessageSid", message.Sid),
            new("MessageStatus", status),
            new("SmsSid", message.Sid),
            new("SmsStatus", status),
            new("To", message.To),
        ];
        if (message.MessagingServiceSid is { } service)
        {
            fields.Add(new("MessagingServiceSid", service));
        }

        if (message.ErrorCode is { } code)
        {
            fields.Add(new("ErrorCode", code.ToString(CultureInfo.InvariantCulture)));
        }

        if (message.IsWhatsApp)
        {
            fields.Add(new("ChannelPrefix", "whatsapp"));
            fields.Add(new("ChannelInstallSid", "XE" + message.AccountSid[2..]));
            fields.Add(new("ChannelToAddress", message.To));
            fields.Add(new("StructuredMessage", "false"));
            if (message.ErrorCode is { } reason)
            {
                fields.Add(new("ChannelStatusMessage", MessageErrors.Describe(reason)));
            }

            if (status is MessageStatus.Delivered or MessageStatus.Read)
            {
                fields.Add(new("EventType", status.ToUpperInvariant()));
            }
        }

        return fields;
    }

    public static List<KeyValuePair<string, string>> Inbound(Message message)
    {
        List<KeyValuePair<string, string>> fields =
        [
            new("AccountSid", message.AccountSid),
            new("ApiVersion", "2010-04-01"),
            new("Body", message.Body),
            new("From", message.From),
            new("MessageSid", message.Sid),
            new("NumMedia", message.MediaUrls.Count.ToString(CultureInfo.InvariantCulture)),
            new("NumSegments", "1"),
            new("SmsMessageSid", message.Sid),
            new("SmsSid", message.Sid),
            new("SmsStatus", MessageStatus.Received),
            new("To", message.To),
        ];
        for (var i = 0; i < message.MediaUrls.Count; i++)
        {
            fields.Add(new($"MediaUrl{i}", message.MediaUrls[i]));
            fields.Add(new($"MediaContentType{i}", "image/jpeg"));
        }

        if (message.IsWhatsApp)
        {
            fields.Add(new("WaId", Message.Bare(message.From).TrimStart('+')));
            fields.Add(new("ProfileName", Message.Bare(message.From)));
            fields.Add(new("MessageType", message.MediaUrls.Count > 0 ? "image" : "text"));
        }

        return fields;
    }
}
