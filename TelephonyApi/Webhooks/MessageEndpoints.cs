using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Messages;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Twilio's reports on our messages, and the messages of others.</summary>
static class MessageEndpoints
{
    public static RouteGroupBuilder MapMessages(this RouteGroupBuilder group)
    {
        group.MapMethods("/message-status", ["GET", "POST"], StatusAsync).WithSummary("A message's delivery");
        group.MapMethods("/message", ["GET", "POST"], InboundAsync).WithSummary("Somebody writes to us");
        return group;
    }

    static Task<IResult> StatusAsync(TwilioRequest request, CallbackIntake intake, MessageStatuses statuses, HttpRequest http, CancellationToken ct) =>
        intake.TakeAsync("message-status", async patience =>
        {
            if (Id(http.Query["message"]) is { } message)
            {
                var status = request["MessageStatus"] is { Length: > 0 } given ? given : request["SmsStatus"];
                var words = request["ErrorMessage"] is { Length: > 0 } error ? error : request["ChannelStatusMessage"];
                await statuses.ApplyAsync(message, Math.Clamp(request.Count("part"), 0, 100), status, request.Number("ErrorCode"), words, patience);
            }
        }, ct);

    /// <summary>Where Redis stays away, Redirect (which messaging TwiML has too) makes Twilio come again: nothing that somebody wrote is lost.</summary>
    static async Task<IResult> InboundAsync(TwilioRequest request, RedisPatience patience, InboundMessages inbound, PublicUrls urls, CancellationToken ct)
    {
        var channel = request["From"].StartsWith("whatsapp:", StringComparison.Ordinal) ? Channel.WhatsApp : Channel.Sms;
        var media = Enumerable.Range(0, Math.Clamp(request.Number("NumMedia") ?? 0, 0, 10)).Select(i => request[$"MediaUrl{i}"]).Where(url => url.Length > 0).ToList();
        var taken = request.Phone("From") is not { } from ? "" : await patience.TryAsync(async token =>
        {
            await inbound.TakeAsync(request["MessageSid"], from, channel, request["Body"], media, token);
            return "";
        }, ct);
        var round = request.Count("redis");
        var twiml = taken is null && round < 20 ? new Twiml().Redirect($"{urls.Same("/twilio/message")}?redis={round + 1}") : new Twiml();
        return Results.Content(twiml.ToString(), "text/xml; charset=utf-8");
    }

    static MessageId? Id(string? text)
    {
        try
        {
            return text is { Length: > 0 } ? MessageId.Parse(text) : null;
        }
        catch (FormatException)
        {
            // Not one of ours: answered and ignored like any unknown message.
            return null;
        }
    }
}
