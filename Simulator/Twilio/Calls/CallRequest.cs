using System.Globalization;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Reads the form of a call's creation or update, with Twilio's checks and its test credentials' magic numbers.</summary>
static class CallRequest
{
    const int LongestTwiml = 4000;

    public static TwilioError? Check(IFormCollection form, TwilioSettings settings)
    {
        var (to, from) = (form["To"].ToString(), form["From"].ToString());
        return to.Length == 0 ? TwilioError.Bad(21201, "No 'To' number is specified")
            : from.Length == 0 ? TwilioError.Bad(21213, "No 'From' number is specified")
            : CheckTo(to) ?? CheckFrom(from, settings) ?? CheckInstructions(form, required: true);
    }

    /// <summary>Exactly one kind of instructions, well formed.</summary>
    public static TwilioError? CheckInstructions(IFormCollection form, bool required)
    {
        var (url, twiml) = (form["Url"].ToString(), form["Twiml"].ToString());
        return url.Length == 0 && twiml.Length == 0
                ? required ? TwilioError.Bad(21205, "Url parameter is required: one of Url, Twiml or ApplicationSid") : null
            : url.Length > 0 && !IsWebUrl(url) ? TwilioError.Bad(21205, $"Url is not a valid URL: {url}")
            : twiml.Length > LongestTwiml ? TwilioError.Bad(32018, "Twiml size exceeded maximum allowed value of 4000 characters")
            : form["StatusCallback"].ToString() is { Length: > 0 } callback && !IsWebUrl(callback)
                ? TwilioError.Bad(21609, $"Invalid 'StatusCallback' URL: {callback}") : null;
    }

    public static CallOptions Options(IFormCollection form)
    {
        var events = form["StatusCallbackEvent"].SelectMany(value => (value ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        return new CallOptions
        {
            StatusCallback = Text(form, "StatusCallback"),
            StatusCallbackMethod = Method(form, "StatusCallbackMethod"),
            StatusCallbackEvents = events.Count > 0 ? events : new HashSet<string> { CallStatus.Completed },
            Timeout = Seconds(form, "Timeout", 60, 1, 600),
            TimeLimit = Seconds(form, "TimeLimit", 14_400, 1, 86_400),
            SendDigits = Text(form, "SendDigits"),
            MachineDetection = Text(form, "MachineDetection") is "Enable" or "DetectMessageEnd" ? Detection(form) : null,
        };
    }

    public static TwimlSource? Source(IFormCollection form) =>
        Text(form, "Url") is { } url ? new TwimlSource(url, Method(form, "Method"))
        : Text(form, "Twiml") is { } twiml ? new TwimlSource(null, Inline: twiml) : null;

    public static (string Url, string Method)? Fallback(IFormCollection form) =>
        Text(form, "FallbackUrl") is { } url ? (url, Method(form, "FallbackMethod")) : null;

    public static TwilioError? CheckTo(string to) => to switch
    {
        "+15005550001" => TwilioError.Bad(21217, $"Phone number does not appear to be valid: {to}"),
        "+15005550002" => TwilioError.Bad(21214, $"'To' phone number cannot be reached: {to}"),
        "+15005550003" => TwilioError.Bad(21215, $"Account not authorized to call {to}. Perhaps you need to enable some international permissions"),
        "+15005550004" => TwilioError.Bad(21216, $"Account not allowed to call {to}"),
        _ => PhoneScriptReader.E164().IsMatch(to) ? null : TwilioError.Bad(21217, $"Phone number does not appear to be valid: {to}"),
    };

    static TwilioError? CheckFrom(string from, TwilioSettings settings) => from switch
    {
        "+15005550006" => null,
        "+15005550001" => TwilioError.Bad(21212, $"Invalid 'From' phone number: {from}"),
        _ when !PhoneScriptReader.E164().IsMatch(from) => TwilioError.Bad(21212, $"Invalid 'From' phone number: {from}"),
        _ => settings.OwnNumbers.Count > 0 && !settings.OwnNumbers.Contains(from)
            ? TwilioError.Bad(21210, $"'From' phone number not verified: {from}") : null,
    };

    static MachineDetection Detection(IFormCollection form) => new(
        form["MachineDetection"]!, Text(form, "AsyncAmd") == "true", Text(form, "AsyncAmdStatusCallback"),
        Method(form, "AsyncAmdStatusCallbackMethod"), Seconds(form, "MachineDetectionTimeout", 30, 3, 59));

    static bool IsWebUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    static string? Text(IFormCollection form, string name) => form[name].ToString() is { Length: > 0 } text ? text : null;

    static string Method(IFormCollection form, string name) =>
        string.Equals(form[name].ToString(), "GET", StringComparison.OrdinalIgnoreCase) ? "GET" : "POST";

    static TimeSpan Seconds(IFormCollection form, string name, int fallback, int least, int most) =>
        TimeSpan.FromSeconds(int.TryParse(form[name], CultureInfo.InvariantCulture, out var value) ? Math.Clamp(value, least, most) : fallback);
}
