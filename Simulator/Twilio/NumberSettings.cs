namespace CityMonitor.Simulator.Twilio;

/// <summary>Where the account's number sends what comes in: what its owner would type into Twilio's console. Section <c>Simulator</c>.</summary>
sealed class NumberSettings
{
    public string VoiceUrl { get; set; } = "http://127.0.0.1:5000/twilio/incoming";

    public string? VoiceFallbackUrl { get; set; }

    public string? StatusUrl { get; set; }

    public string MessageUrl { get; set; } = "http://127.0.0.1:5000/twilio/message";

    /// <summary>What is wrong, or null.</summary>
    public string? Problem() =>
        Check(nameof(VoiceUrl), VoiceUrl) ?? Check(nameof(VoiceFallbackUrl), VoiceFallbackUrl)
        ?? Check(nameof(StatusUrl), StatusUrl) ?? Check(nameof(MessageUrl), MessageUrl);

    static string? Check(string key, string? url) =>
        string.IsNullOrEmpty(url) || (Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") ? null
            : $"Simulator:{key} must be an absolute http(s) URL, for example http://127.0.0.1:5000/twilio/incoming; it is \"{url}\".";
}
