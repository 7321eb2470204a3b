using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Calls;

static partial class CallLog
{
    [LoggerMessage(3101, LogLevel.Information, "Call {Call} to {Number} is queued with priority {Priority}")]
    public static partial void Queued(ILogger log, CallId call, string number, Priority priority);

    [LoggerMessage(3102, LogLevel.Information, "Call {Call} is placed as {Sid}")]
    public static partial void Placed(ILogger log, CallId call, string sid);

    [LoggerMessage(3103, LogLevel.Warning, "Call {Call} was refused by Twilio: {Reason}")]
    public static partial void Refused(ILogger log, CallId call, string reason);

    [LoggerMessage(3104, LogLevel.Warning, "Call {Call} was not dialled ({Reason}); back in the queue for {Delay}")]
    public static partial void Requeued(ILogger log, CallId call, string reason, TimeSpan delay);

    [LoggerMessage(3105, LogLevel.Warning, "Call {Call}: the outcome of the create request is unknown ({Reason}); waiting for a callback, then Twilio's list of calls decides")]
    public static partial void OutcomeUnknown(ILogger log, CallId call, string reason);

    [LoggerMessage(3106, LogLevel.Information, "Call {Call}: Twilio says {Status}")]
    public static partial void Rose(ILogger log, CallId call, string? status);

    [LoggerMessage(3107, LogLevel.Debug, "Call {Call}: late or repeated {Status} (sequence {Sequence}) is ignored")]
    public static partial void Stale(ILogger log, CallId call, string? status, int? sequence);

    [LoggerMessage(3108, LogLevel.Warning, "Call {Call}: status {Status} is not known and is ignored")]
    public static partial void UnknownStatus(ILogger log, CallId call, string? status);

    [LoggerMessage(3109, LogLevel.Information, "Call {Call} ({Sid}) has no state here; its {Status} is ignored")]
    public static partial void UnknownCall(ILogger log, CallId call, string sid, string? status);

    [LoggerMessage(3110, LogLevel.Warning, "Call {Call} had already ended here when Twilio reported {Sid}; it is ended there too")]
    public static partial void Stray(ILogger log, CallId call, string sid);

    [LoggerMessage(3111, LogLevel.Warning, "{Sid} could not be ended: {Reason}")]
    public static partial void NotEnded(ILogger log, string sid, string reason);

    [LoggerMessage(3112, LogLevel.Warning, "{Sid} could not be moved on: {Reason}")]
    public static partial void NotRedirected(ILogger log, string sid, string reason);

    [LoggerMessage(3113, LogLevel.Information, "Call {Call} was found in Twilio's list as {Sid}")]
    public static partial void Reconciled(ILogger log, CallId call, string sid);

    [LoggerMessage(3114, LogLevel.Error, "Call {Call}: Twilio shows no such call; the attempt ended unknown")]
    public static partial void Lost(ILogger log, CallId call);

    [LoggerMessage(3115, LogLevel.Error, "{What} failed; it is tried again")]
    public static partial void Failed(ILogger log, Exception error, string what);

    [LoggerMessage(3116, LogLevel.Information, "{What} has ended: {Why}")]
    public static partial void Ended(ILogger log, string what, string why);

    [LoggerMessage(3117, LogLevel.Warning, "Nothing is dialled before Twilio's live calls have been read: {Reason}")]
    public static partial void NotPrimed(ILogger log, string reason);

    [LoggerMessage(3118, LogLevel.Information, "Twilio's live calls have been read: {Count} of ours from before")]
    public static partial void Primed(ILogger log, int count);

    [LoggerMessage(3119, LogLevel.Warning, "The bridge of call {Call} is lost; the call is moved on")]
    public static partial void Moving(ILogger log, CallId call);

    [LoggerMessage(3120, LogLevel.Information, "Call {Call} is to end: {Reason} (it was {Before})")]
    public static partial void Ending(ILogger log, CallId call, string reason, string before);
}
