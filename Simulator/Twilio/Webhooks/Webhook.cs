using System.Globalization;

namespace CityMonitor.Simulator.Twilio.Webhooks;

/// <summary>One request from Twilio to the application.</summary>
/// <param name="Subject">The sid that it is about, for the timeline.</param>
sealed record Webhook(string Url, string Method, IReadOnlyList<KeyValuePair<string, string>> Parameters, string Subject);

/// <param name="ErrorCode">Null when an answer below 400 came; else Twilio's code for what went wrong.</param>
sealed record WebhookAnswer(int? Status, string? ContentType, string Body, int? ErrorCode = null, string? Error = null);

/// <summary>Connection overrides in a URL's fragment, <c>#ct=2000&amp;rt=5000&amp;tt=8000&amp;rc=2&amp;rp=all</c>; the fragment is never sent.</summary>
sealed record ConnectionOverrides(TimeSpan Connect, TimeSpan Total, int Retries, string RetryPolicy)
{
    static readonly ConnectionOverrides Default = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), 1, "ct");

    public static (string Url, ConnectionOverrides Overrides) Parse(string url)
    {
        var hash = url.IndexOf('#', StringComparison.Ordinal);
        if (hash < 0)
        {
            return (url, Default);
        }

        var values = url[(hash + 1)..].Split('&').Select(pair => pair.Split('=', 2)).Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.Last()[1]);
        return (url[..hash], Default with
        {
            Connect = Milliseconds("ct", 100, 10_000) ?? Default.Connect,
            Total = Milliseconds("tt", 100, 15_000) ?? Milliseconds("rt", 100, 15_000) ?? Default.Total,
            Retries = values.TryGetValue("rc", out var rc) && int.TryParse(rc, CultureInfo.InvariantCulture, out var count) ? Math.Clamp(count, 0, 5) : 1,
            RetryPolicy = values.GetValueOrDefault("rp", Default.RetryPolicy),
        });

        TimeSpan? Milliseconds(string key, int least, int most) =>
            values.TryGetValue(key, out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var ms)
                ? TimeSpan.FromMilliseconds(Math.Clamp(ms, least, most)) : null;
    }

    public bool Retry(WebhookAnswer answer) =>
        RetryPolicy.Split(',').Any(rule => rule switch
        {
            "all" => answer.ErrorCode is not null,
            "ct" => answer.ErrorCode == WebhookSender.ConnectFailed,
            "rt" => answer is { Status: null, ErrorCode: WebhookSender.HttpFailed },
            "4xx" => answer.Status is >= 400 and < 500,
            "5xx" => answer.Status is >= 500,
            _ => false,
        });
}
