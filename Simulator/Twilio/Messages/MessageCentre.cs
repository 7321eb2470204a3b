using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Twiml;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>Takes each message through its life, as the phone's script says, and tells the application.</summary>
sealed partial class MessageCentre(
    MessageBook book, PhoneBook phones, NumberSettings number, OrderedWebhooks callbacks, WebhookSender webhooks, MediaFetch mediaFetch, Timeline timeline,
    TimeProvider clock, ILogger<MessageCentre> logger)
    : IHostedService, IDisposable
{
    static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<string, Task> running = new();
    readonly ConcurrentDictionary<MessageReply, int> repliesUsed = new();
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
        else if (Move(message, MessageStatus.Delivered))
        {
            if (message.IsWhatsApp && script.ReadAfter is { } readAfter)
            {
                await Task.Delay(readAfter, clock, stopping.Token);
                Move(message, MessageStatus.Read);
            }

            await ReplyAsync(message, script);
        }
    }

    async Task ReplyAsync(Message message, MessagingScript script)
    {
        var text = $"{message.Body} {message.ContentVariables}";
        var reply = script.Replies.Find(candidate =>
            (candidate.Times == 0 || repliesUsed.GetValueOrDefault(candidate) < candidate.Times)
            && Regex.IsMatch(text, candidate.On ?? "", RegexOptions.IgnoreCase, MatchTimeout));
        if (reply is null)
        {
            return;
        }

        repliesUsed.AddOrUpdate(reply, 1, (_, used) => used + 1);
        await Task.Delay(reply.After, clock, stopping.Token);
        Receive(new Message(message.AccountSid, message.From, message.To, reply.Say, [], "inbound", clock), number.MessageUrl);
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
                string[] media = [.. reply.Elements().Where(child => child.Name.LocalName == "Media").Select(child => child.Value.Trim())];
                Send(new Message(message.AccountSid, message.From, message.To, BodyOf(reply), media, "outbound-reply", clock));
            }
        }
        catch (TwimlException e)
        {
            timeline.Add("twilio.error", message.Sid, new JsonObject { ["code"] = e.Code, ["message"] = e.Message });
        }
    }

    /// <summary>A body of its own, or the text beside whatever else is in the message: a picture's URL is no text.</summary>
    static string BodyOf(XElement reply) =>
        reply.Elements().FirstOrDefault(child => child.Name.LocalName == "Body")?.Value
        ?? string.Concat(reply.Nodes().OfType<XText>().Select(text => text.Value)).Trim();

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

    [LoggerMessage(8301, LogLevel.Error, "Message {Sid} broke in the simulator itself")]
    partial void LogBroken(Exception exception, string sid);
}
