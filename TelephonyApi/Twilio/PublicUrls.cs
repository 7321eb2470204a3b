using CityMonitor.Messaging.Contracts;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Section PublicUrls: how the world reaches this service. Signatures are computed on it, whatever a proxy rewrites.</summary>
sealed class PublicUrlOptions : ICheckedOptions
{
    public const string Section = "PublicUrls";

    /// <summary>Scheme, host and path prefix in front of /twilio/..., for example https://calls.example.org or https://example.org/city.</summary>
    public string Telephony { get; set; } = "http://127.0.0.1:5000";

    public IEnumerable<string> Problems()
    {
        if (!Uri.TryCreate(Telephony, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            yield return "PublicUrls:Telephony must be an absolute http(s) URL without a query, for example https://calls.example.org.";
        }
    }
}

/// <summary>The URLs that Twilio is given. Each carries our own id, so the first callback settles a create request whose answer was lost.</summary>
sealed class PublicUrls(IOptions<PublicUrlOptions> options)
{
    readonly string root = options.Value.Telephony.TrimEnd('/');

    /// <summary>The path prefix of a proxy, for example /city; empty without one.</summary>
    public string Prefix => new Uri(root).AbsolutePath.TrimEnd('/');

    public string Incoming(CallId call) => $"{root}/twilio/incoming?call={call}";

    public string Fallback(CallId call) => $"{root}/twilio/fallback?call={call}";

    public string Status(CallId call) => $"{root}/twilio/status?call={call}";

    public string MachineDetection(CallId call) => $"{root}/twilio/amd?call={call}";

    /// <param name="answer">Which of the call's stream answers has ended; 0 where none has.</param>
    public string Continue(CallId call, long answer = 0) => $"{root}/twilio/continue?call={call}&answer={answer}";

    public string StreamStatus(CallId call, long answer) => $"{root}/twilio/stream-status?call={call}&answer={answer}";

    public string Keypad(CallId call, int round) => $"{root}/twilio/keypad?call={call}&round={round}";

    /// <param name="round">As in <see cref="Keypad"/>.</param>
    public string Transferred(CallId call, int round) => $"{root}/twilio/transferred?call={call}&round={round}";

    public string MessageStatus(MessageId message, int part) => $"{root}/twilio/message-status?message={message}&part={part}";

    /// <summary>The same request once more: <paramref name="pathAndQuery"/> as this service sees it.</summary>
    public string Same(string pathAndQuery) => root + pathAndQuery;

    /// <summary>What Twilio may have signed for a request with this target: behind a proxy the prefix may or may not have been taken off.</summary>
    public IEnumerable<string> SpellingsOf(string rawTarget)
    {
        yield return root + rawTarget;
        if (Prefix.Length > 0 && rawTarget.StartsWith(Prefix + "/", StringComparison.Ordinal))
        {
            yield return root[..^Prefix.Length] + rawTarget;
        }
    }
}
