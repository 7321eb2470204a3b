using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>What Twilio's error codes mean for an incident: a wrong number, our account, or something that passes.</summary>
static class TwilioErrors
{
    /// <summary>The number itself: not valid, not reachable, blocked. Calling again does not help.</summary>
    public static bool IsBadNumber(int? code) => code is 21211 or 21214 or 21216 or 21217 or 21401 or 21421 or 13223 or 13224;

    /// <summary>Our own account or settings: only an operator can help. Null where it is worth another try.</summary>
    public static string? RemedyForAccount(int? code) => code switch
    {
        21215 or 13227 => "Allow calls to this country under Voice geographic permissions in the Twilio console, then change the ticket or call yourself.",
        21219 or 21608 => "The Twilio account is a trial: verify this number in the Twilio console or upgrade the account, then change the ticket or call yourself.",
        21210 or 21212 or 21606 => "Set Twilio:PhoneNumber to a number of this account that can make calls, then change the ticket or call yourself.",
        20003 or 20005 or 10001 => "Check Twilio:AccountSid, Twilio:AuthToken and the account's balance, then change the ticket or call yourself.",
        21205 => "Set PublicUrls:Telephony to the public https address of TelephonyApi, then change the ticket or call yourself.",
        _ => null,
    };

    public static string InWords(EndedCall end)
    {
        var what = end.End switch
        {
            Messaging.Contracts.CallEnd.Busy => "busy",
            Messaging.Contracts.CallEnd.NoAnswer => "no answer",
            Messaging.Contracts.CallEnd.Canceled => "cancelled before it was answered",
            Messaging.Contracts.CallEnd.Failed => "the call failed",
            Messaging.Contracts.CallEnd.Unknown => "it is not known what became of the call",
            _ => "the call ended",
        };
        return what + (end.Detail is { Length: > 0 } detail ? $": {detail}" : "") + (end.ErrorCode is { } code && end.Detail?.Contains($"{code}", StringComparison.Ordinal) != true ? $" (Twilio error {code})" : "");
    }
}
