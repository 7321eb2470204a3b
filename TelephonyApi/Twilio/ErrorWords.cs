using System.Text.RegularExpressions;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Twilio's error codes in words that a duty officer understands and can act on; they go into ticket notes.</summary>
static partial class ErrorWords
{
    public static string Of(int code, int status, string? message) => Known(code) is { } words
        ? $"{words} (Twilio error {code})"
        : $"Twilio refused it: {Clean(message)} ({(code > 0 ? $"error {code}, " : "")}HTTP {status})";

    /// <summary>For callbacks, where there is a code and no HTTP status.</summary>
    public static string? Of(int? code, string? message) => code is null
        ? string.IsNullOrWhiteSpace(message) ? null : Clean(message)
        : Known(code.Value) is { } words ? $"{words} (Twilio error {code})"
        : $"{(string.IsNullOrWhiteSpace(message) ? "Twilio reported an error" : Clean(message))} (error {code})";

    static string? Known(int code) => code switch
    {
        20003 => "Twilio does not accept our credentials: check Twilio:AccountSid and Twilio:AuthToken",
        20404 => "Twilio does not know this call, message or account",
        20429 => "Twilio is limiting our requests",
        21201 => "no number to call was given",
        21205 => "our webhook URL is not valid for Twilio: check PublicUrls:Telephony",
        21210 or 21212 => "our own number is not one of the Twilio account's numbers: check Twilio:PhoneNumber",
        21211 or 21217 => "this is not a valid phone number",
        21214 or 21216 => "the number cannot be reached or is blocked for calls",
        21215 => "calls to this country are not allowed: allow it in the Twilio console under Voice, Geographic permissions",
        21219 => "a Twilio trial account may only reach verified numbers: verify the number or upgrade the account",
        21220 => "the call had already ended",
        21408 => "messages to this country are not allowed: allow it in the Twilio console under Messaging, Geo permissions",
        21606 or 21608 => "our sender may not send messages to this number",
        21610 => "the person has opted out of our messages (STOP)",
        21611 => "our sender's queue at Twilio is full",
        21612 => "no route from our sender to this number",
        21614 => "this number is not a mobile phone",
        21617 => "the message is too long",
        21620 or 63019 or 63021 => "the attached picture or content was rejected",
        30003 => "the phone is switched off or out of reach",
        30004 => "the message was blocked by the recipient or the carrier",
        30005 => "this number does not exist or does not take messages",
        30006 => "this is a landline or the carrier cannot be reached",
        30007 => "the carrier filtered the message as spam",
        30008 => "the carrier reported an unknown delivery error",
        63003 or 63024 => "this number is not on WhatsApp or cannot be reached there",
        63005 or 63013 => "WhatsApp did not accept the message's content",
        63007 => "our WhatsApp sender is not set up at Twilio: check Twilio:WhatsAppFrom",
        63012 or 63018 => "WhatsApp is limiting our messages or is not available now",
        63016 => "WhatsApp allows free text only within 24 hours of the person's last message; outside it an approved template is needed (Twilio:WhatsAppTemplateSid)",
        _ => null,
    };

    static string Clean(string? message)
    {
        // These words are logged too, and Twilio likes to quote the number that it refuses.
        var text = PhoneNumbers().Replace(string.Join(' ', (message ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), number => $"***{number.Value[^2..]}");
        return text.Length == 0 ? "no reason given" : text.Length > 200 ? text[..200] : text;
    }

    [GeneratedRegex(@"(?<![\w+])\+?\d{8,15}(?!\w)")]
    private static partial Regex PhoneNumbers();
}
