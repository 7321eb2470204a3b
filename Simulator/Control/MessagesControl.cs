using CityMonitor.Simulator.Twilio.Messages;

namespace CityMonitor.Simulator.Control;

sealed record MessageAnswer(
    string Sid, string To, string From, string Phone, string Direction, string Body, string Status, int? ErrorCode, string? ContentSid,
    string? ContentVariables, IReadOnlyList<string> MediaUrls, IReadOnlyList<MessageMedia> Media, DateTimeOffset Created, IReadOnlyList<MessageEntry> History);

/// <summary><c>GET /messages</c>: every message with its whole life.</summary>
static class MessagesControl
{
    public static IEndpointRouteBuilder MapMessagesControl(this IEndpointRouteBuilder control)
    {
        control.MapGet("/messages", (MessageBook book, string? phone, int? limit) => TypedResults.Json(
            book.List().Where(message => phone is null || message.PhoneNumber == phone).Take(limit ?? 100).Select(Describe).ToArray(),
            ControlJson.Default.MessageAnswerArray));
        return control;
    }

    static MessageAnswer Describe(Message message) => new(
        message.Sid, message.To, message.From, message.PhoneNumber, message.Direction, message.Body, message.Status, message.ErrorCode,
        message.ContentSid, message.ContentVariables, message.MediaUrls, message.Media, message.Created, message.History);
}
