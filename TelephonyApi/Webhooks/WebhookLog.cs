using System.Net;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Webhooks;

static partial class WebhookLog
{
    [LoggerMessage(3201, LogLevel.Warning, "{Path} from {Address} is refused: not signed by Twilio (a signature was given: {Given})")]
    public static partial void Forged(ILogger log, string path, IPAddress? address, bool given);

    [LoggerMessage(3202, LogLevel.Error, "Redis did not answer in time: {Reason}")]
    public static partial void NoRedis(ILogger log, string reason);

    [LoggerMessage(3203, LogLevel.Information, "Call {Call} goes to bridge {Bridge} (answer {Answer})")]
    public static partial void Streaming(ILogger log, CallId call, string bridge, long answer);

    [LoggerMessage(3204, LogLevel.Warning, "Call {Call} goes to keypad mode: {Why}")]
    public static partial void Keypad(ILogger log, CallId call, string why);

    [LoggerMessage(3205, LogLevel.Information, "Call {Call} hangs up: {Why}")]
    public static partial void HangsUp(ILogger log, CallId call, string why);

    [LoggerMessage(3206, LogLevel.Warning, "Call {Call} waits for {What} (round {Round})")]
    public static partial void Waits(ILogger log, CallId call, string what, int round);

    [LoggerMessage(3207, LogLevel.Information, "Call {Call}: the keypad said {Digit}")]
    public static partial void Pressed(ILogger log, CallId call, string digit);

    [LoggerMessage(3208, LogLevel.Information, "Call {Call}: {Event} on its stream {Error}")]
    public static partial void StreamEvent(ILogger log, CallId call, string @event, string error);

    [LoggerMessage(3209, LogLevel.Error, "{Path} failed; Twilio is asked to come again")]
    public static partial void Failed(ILogger log, Exception error, string path);

    [LoggerMessage(3210, LogLevel.Warning, "Twilio used the fallback URL for call {Call}: error {Code} at {Url}")]
    public static partial void Fallback(ILogger log, CallId? call, string code, string url);

    [LoggerMessage(3211, LogLevel.Information, "Ticket {Ticket} was touched, says Freshdesk")]
    public static partial void Touched(ILogger log, long ticket);

    [LoggerMessage(3213, LogLevel.Error, "The state of incident {Incident} could not be read; the key that was pressed counts")]
    public static partial void UnreadableIncident(ILogger log, Exception error, IncidentId incident);

    [LoggerMessage(3214, LogLevel.Information, "Call {Call} is put through to {Number}")]
    public static partial void Transfers(ILogger log, CallId call, string number);

    [LoggerMessage(3215, LogLevel.Information, "Call {Call} was put through: {Status}")]
    public static partial void Transferred(ILogger log, CallId call, string status);

    [LoggerMessage(3212, LogLevel.Information, "Inbound call {Sid} from {Number}")]
    public static partial void Inbound(ILogger log, string sid, string number);
}
