using CityMonitor.ServiceDefaults;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Section Twilio: the account, its senders and how fast it may dial.</summary>
sealed class TwilioOptions : ICheckedOptions
{
    public const string Section = "Twilio";

    /// <summary>AC and 32 hex digits.</summary>
    public string AccountSid { get; set; } = "";

    /// <summary>The account's primary auth token: it also signs every webhook.</summary>
    public string AuthToken { get; set; } = "";

    /// <summary>The city's own number, E.164; calls go out from it.</summary>
    public string PhoneNumber { get; set; } = "";

    /// <summary>The WhatsApp sender, E.164 without the whatsapp: prefix; without it WhatsApp messages fail at once and SMS is used.</summary>
    public string? WhatsAppFrom { get; set; }

    /// <summary>The SMS sender, E.164; default <see cref="PhoneNumber"/>.</summary>
    public string? SmsFrom { get; set; }

    public string BaseUrl { get; set; } = "https://api.twilio.com";

    /// <summary>Calls created per second over all replicas; default 1, as Twilio's accounts have; 50 with the Simulator.</summary>
    public double? CallsPerSecond { get; set; }

    /// <summary>HX and 32 hex digits: the approved template that opens a conversation outside the 24-hour window.</summary>
    public string? WhatsAppTemplateSid { get; set; }

    /// <summary>Not a setting: the Simulator serves Twilio, and nothing leaves the machine.</summary>
    public bool Simulated { get; set; }

    public double Pace => CallsPerSecond ?? (Simulated ? 50 : 1);

    public IEnumerable<string> Problems()
    {
        if (!IsSid(AccountSid, "AC"))
        {
            yield return "Twilio:AccountSid must be AC and 32 hex digits, for example AC00000000000000000000000000000001 (console.twilio.com, Account Info).";
        }

        if (AuthToken.Length == 0)
        {
            yield return "Twilio:AuthToken must be the account's auth token, 32 hex digits (console.twilio.com, Account Info).";
        }

        foreach (var (key, value, required) in new[] { ("PhoneNumber", PhoneNumber, true), ("WhatsAppFrom", WhatsAppFrom, false), ("SmsFrom", SmsFrom, false) })
        {
            if ((required || !string.IsNullOrEmpty(value)) && !Messaging.Contracts.PhoneNumber.TryParse(value, out _))
            {
                yield return $"Twilio:{key} must be {Messaging.Contracts.PhoneNumber.Rule}.";
            }
        }

        if (!Uri.TryCreate(BaseUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            yield return "Twilio:BaseUrl must be an absolute http(s) URL, for example https://api.twilio.com.";
        }

        if (Pace is not (> 0 and <= 1000))
        {
            yield return "Twilio:CallsPerSecond must be above 0 and at most 1000, for example 1.";
        }

        if (!string.IsNullOrEmpty(WhatsAppTemplateSid) && !IsSid(WhatsAppTemplateSid, "HX"))
        {
            yield return "Twilio:WhatsAppTemplateSid must be HX and 32 hex digits, for example HX00000000000000000000000000000001.";
        }
    }

    static bool IsSid(string text, string prefix) =>
        text.Length == 34 && text.StartsWith(prefix, StringComparison.Ordinal) && text.Skip(2).All(char.IsAsciiHexDigit);
}
