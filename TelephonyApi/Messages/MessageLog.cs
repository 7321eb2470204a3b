using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Messages;

static partial class MessageLog
{
    [LoggerMessage(3301, LogLevel.Information, "Message {Message} part {Part} to {Number} is with Twilio as {Sid}")]
    public static partial void Sent(ILogger log, MessageId message, int part, string number, string sid);

    [LoggerMessage(3302, LogLevel.Warning, "Message {Message} to {Number} failed: {Reason}")]
    public static partial void Failed(ILogger log, MessageId message, string number, string reason);

    [LoggerMessage(3303, LogLevel.Warning, "Message {Message} was not sent ({Reason}); again in {Delay}")]
    public static partial void Later(ILogger log, MessageId message, string reason, TimeSpan delay);

    [LoggerMessage(3304, LogLevel.Warning, "Message {Message} part {Part}: the outcome of an earlier attempt is unknown; it is sent again")]
    public static partial void Again(ILogger log, MessageId message, int part);

    [LoggerMessage(3305, LogLevel.Warning, "Message {Message}: a link is withheld, it {Problem}")]
    public static partial void Withheld(ILogger log, MessageId message, string problem);

    [LoggerMessage(3306, LogLevel.Information, "Status {Status} of message {Message} is ignored: the message is not known here")]
    public static partial void Unknown(ILogger log, MessageId message, string? status);

    [LoggerMessage(3307, LogLevel.Warning, "Message {Message}: status {Status} is not known and is ignored")]
    public static partial void UnknownStatus(ILogger log, MessageId message, string? status);

    [LoggerMessage(3308, LogLevel.Information, "{Number} has opted {Way} on {Channel}")]
    public static partial void Opted(ILogger log, string number, Channel channel, string way);

    [LoggerMessage(3310, LogLevel.Information, "Inbound message {Sid} was taken before and is ignored")]
    public static partial void Replayed(ILogger log, string sid);

    [LoggerMessage(3311, LogLevel.Warning, "'{Member}' names no message whose status could be watched; it is taken off the list")]
    public static partial void Unreadable(ILogger log, string member);

    [LoggerMessage(3309, LogLevel.Information, "{Number} wrote by {Channel}, about no incident that is known")]
    public static partial void NoIncident(ILogger log, string number, Channel channel);
}
