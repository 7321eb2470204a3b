using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Phones;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary><c>/2010-04-01/Accounts/{account}/Messages</c></summary>
static class MessagesApi
{
    const int LongestBody = 1600;

    public static IEndpointRouteBuilder MapMessages(this IEndpointRouteBuilder account)
    {
        account.MapPost("/Messages.json", CreateAsync);
        account.MapGet("/Messages.json", List);
        account.MapGet("/Messages/{sid}.json", (string sid, MessageBook book, HttpRequest request) =>
            book.Find(sid) is { } message ? TwilioJson.Result(Write(message)) : TwilioError.NotFound(request.Path).ToResult());
        account.MapPost("/Messages/{sid}.json", UpdateAsync);
        account.MapDelete("/Messages/{sid}.json", (string sid, MessageBook book, HttpRequest request) =>
            book.Find(sid) is { } message && book.Remove(message) ? TypedResults.NoContent() : TwilioError.NotFound(request.Path).ToResult());
        account.MapGet("/Messages/{sid}/Media.json", ListMedia);
        account.MapGet("/Messages/{sid}/Media/{media}.json", (string sid, string media, HttpRequest request, MessageBook book) =>
            book.Find(sid) is { } message && message.Media.FirstOrDefault(item => item.Sid == media) is { } found
                ? TwilioJson.Result(Write(message, found)) : TwilioError.NotFound(request.Path).ToResult());
        return account;
    }

    public static JsonNode Write(Message message)
    {
        var uri = $"/2010-04-01/Accounts/{message.AccountSid}/Messages/{message.Sid}";
        return new JsonObject
        {
            ["body"] = message.Body,
            ["num_segments"] = MessageSegments.Of(message.Body).ToString(CultureInfo.InvariantCulture),
            ["direction"] = message.Direction,
            ["from"] = message.From,
            ["date_updated"] = TwilioTime.Rfc2822(message.Updated),
            ["price"] = null,
            ["error_message"] = message.ErrorCode is { } code ? MessageErrors.Describe(code) : null,
            ["uri"] = uri + ".json",
            ["account_sid"] = message.AccountSid,
            ["num_media"] = message.MediaUrls.Count.ToString(CultureInfo.InvariantCulture),
            ["to"] = message.To,
            ["date_created"] = TwilioTime.Rfc2822(message.Created),
            ["status"] = message.Status,
            ["sid"] = message.Sid,
            ["date_sent"] = message.SentAt is { } sent ? TwilioTime.Rfc2822(sent) : null,
            ["messaging_service_sid"] = message.MessagingServiceSid,
            ["error_code"] = message.ErrorCode,
            ["price_unit"] = "USD",
            ["api_version"] = "2010-04-01",
            ["subresource_uris"] = new JsonObject { ["media"] = uri + "/Media.json" },
        };
    }

    static async Task<IResult> CreateAsync(
        string account, HttpRequest request, MessageBook book, MessageCentre centre, PhoneBook phones, TwilioSettings settings, TimeProvider clock)
    {
        var form = await request.ReadFormAsync();
        if ((CheckAddresses(form, book, phones, settings) ?? CheckContent(form)) is { } error)
        {
            return error.ToResult();
        }

        var service = Text(form, "MessagingServiceSid");
        var message = new Message(
            account, form["To"]!, Text(form, "From") ?? "+12025550100", form["Body"].ToString(), Media(form), "outbound-api", clock)
        {
            MessagingServiceSid = service,
            ContentSid = Text(form, "ContentSid"),
            ContentVariables = Text(form, "ContentVariables"),
            StatusCallback = Text(form, "StatusCallback"),
        };
        var answer = Write(message);
        if (service is not null)
        {
            answer["status"] = "accepted";
        }

        centre.Send(message);
        return TwilioJson.Result(answer, StatusCodes.Status201Created);
    }

    static IResult List(HttpRequest request, MessageBook book)
    {
        if (TimeFilter.From(request.Query, "DateSent") is not { } sent)
        {
            return TwilioError.Bad(20001, "DateSent must be a date, for example 2026-11-20").ToResult();
        }

        var (to, from) = (request.Query["To"].ToString(), request.Query["From"].ToString());
        var messages = book.List().Where(message => (to.Length == 0 || to == message.To) && (from.Length == 0 || from == message.From)
            && sent.Accepts(message.SentAt ?? message.Created));
        return TwilioJson.Page(request, "messages", [.. messages], Write);
    }

    static async Task<IResult> UpdateAsync(string sid, HttpRequest request, MessageBook book)
    {
        if (book.Find(sid) is not { } message)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        var form = await request.ReadFormAsync();
        if (form["Status"] == MessageStatus.Canceled)
        {
            if (message.Status != MessageStatus.Queued || !message.MoveTo(MessageStatus.Canceled))
            {
                return TwilioError.Bad(30409, "Message cannot be canceled: it is no longer queued or scheduled").ToResult();
            }
        }
        else if (form.ContainsKey("Body"))
        {
            if (form["Body"].ToString().Length > 0)
            {
                return TwilioError.Bad(20001, "Body can only be changed to the empty text").ToResult();
            }

            if (!MessageStatus.IsFinal(message.Status))
            {
                return TwilioError.Bad(20009, "Cannot redact this message before it is complete").ToResult();
            }

            message.Body = "";
        }

        return TwilioJson.Result(Write(message));
    }

    static IResult ListMedia(string sid, HttpRequest request, MessageBook book)
    {
        if (book.Find(sid) is not { } message)
        {
            return TwilioError.NotFound(request.Path).ToResult();
        }

        return TwilioJson.Page(request, "media_list", message.Media, media => Write(message, media));
    }

    static JsonObject Write(Message message, MessageMedia media) => new()
    {
        ["sid"] = media.Sid,
        ["account_sid"] = message.AccountSid,
        ["parent_sid"] = message.Sid,
        ["content_type"] = media.ContentType,
        ["date_created"] = TwilioTime.Rfc2822(message.Created),
        ["date_updated"] = TwilioTime.Rfc2822(message.Updated),
        ["uri"] = $"/2010-04-01/Accounts/{message.AccountSid}/Messages/{message.Sid}/Media/{media.Sid}.json",
    };

    static TwilioError? CheckAddresses(IFormCollection form, MessageBook book, PhoneBook phones, TwilioSettings settings)
    {
        var (to, from) = (form["To"].ToString(), form["From"].ToString());
        if (to.Length == 0)
        {
            return TwilioError.Bad(21604, "A 'To' phone number is required.");
        }

        if (from.Length == 0)
        {
            return Text(form, "MessagingServiceSid") is null ? TwilioError.Bad(21603, "A 'From' phone number is required.") : CheckTo(to);
        }

        if (to.StartsWith(Message.WhatsAppPrefix, StringComparison.Ordinal) != from.StartsWith(Message.WhatsAppPrefix, StringComparison.Ordinal))
        {
            return TwilioError.Bad(21910, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel");
        }

        return CheckFrom(from, settings) ?? CheckTo(to)
            ?? (phones.For(Message.Bare(to)).Messaging.OptedOut || book.HasOptedOut(to, from)
                ? TwilioError.Bad(21610, $"Attempt to send to unsubscribed recipient {to}") : null);
    }

    static TwilioError? CheckFrom(string from, TwilioSettings settings) => from switch
    {
        "+15005550006" => null,
        "+15005550001" => TwilioError.Bad(21212, $"Invalid 'From' phone number: {from}"),
        "+15005550007" => TwilioError.Bad(21606, $"The 'From' phone number {from} is not a valid, SMS-capable phone number for your account"),
        "+15005550008" => TwilioError.Bad(21611, $"This 'From' number has exceeded the maximum number of queued messages: {from}"),
        _ when !PhoneScriptReader.E164().IsMatch(Message.Bare(from)) => TwilioError.Bad(21212, $"Invalid 'From' phone number: {from}"),
        _ => settings.OwnNumbers.Count > 0 && !settings.OwnNumbers.Contains(Message.Bare(from))
            ? TwilioError.Bad(21606, $"The 'From' phone number {from} is not a valid, SMS-capable phone number for your account") : null,
    };

    static TwilioError? CheckTo(string to) => to switch
    {
        "+15005550001" => TwilioError.Bad(21211, $"The 'To' number {to} is not a valid phone number."),
        "+15005550002" => TwilioError.Bad(21612, $"The 'To' phone number {to} is not currently reachable"),
        "+15005550003" => TwilioError.Bad(21408, $"Permission to send an SMS has not been enabled for the region of {to}"),
        "+15005550004" => TwilioError.Bad(21610, $"Attempt to send to unsubscribed recipient {to}"),
        "+15005550009" => TwilioError.Bad(21614, $"'To' number is not a valid mobile number: {to}"),
        _ => PhoneScriptReader.E164().IsMatch(Message.Bare(to)) ? null
            : TwilioError.Bad(21211, $"The 'To' number {to} is not a valid phone number."),
    };

    static TwilioError? CheckContent(IFormCollection form)
    {
        var media = Media(form);
        var contentSid = Text(form, "ContentSid");
        return contentSid is null && media.Length == 0 && form["Body"].ToString().Length == 0
                ? TwilioError.Bad(21602, "Message body is required.")
            : form["Body"].ToString().Length > LongestBody ? TwilioError.Bad(21617, "The concatenated message body exceeds the 1600 character limit")
            : media.Length > (form["To"].ToString().StartsWith(Message.WhatsAppPrefix, StringComparison.Ordinal) ? 1 : 10)
                ? TwilioError.Bad(21623, "Number of media files exceeds allowed limit")
            : media.FirstOrDefault(url => !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")) is { } bad
                ? TwilioError.Bad(21620, $"Invalid media URL(s): {bad}")
            : contentSid is not null && (contentSid.Length != 34 || !contentSid.StartsWith("HX", StringComparison.Ordinal))
                ? TwilioError.Bad(21655, "The ContentSid is Invalid")
            : Text(form, "ContentVariables") is { } variables && !IsObject(variables)
                ? TwilioError.Bad(21656, "The ContentVariables Parameter is invalid") : null;
    }

    static bool IsObject(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            // Not JSON at all: invalid all the same.
            return false;
        }
    }

    static string[] Media(IFormCollection form) => [.. form["MediaUrl"].OfType<string>().Where(url => url.Length > 0)];

    static string? Text(IFormCollection form, string name) => form[name].ToString() is { Length: > 0 } text ? text : null;
}
