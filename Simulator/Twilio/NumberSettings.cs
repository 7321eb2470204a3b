namespace CityMonitor.Simulator.Twilio;

/// <summary>Where the account's number sends what comes in: what its owner would type into Twilio's console. Section <c>Simulator</c>.</summary>
sealed class NumberSettings
{
    public string VoiceUrl { get; set; } = "http://127.0.0.1:5000/twilio/incoming";

    public string? VoiceFallbackUrl { get; set; }

    public string? StatusUrl { get; set; }

    public string MessageUrl { get; set; } = "http://127.0.0.1:5000/twilio/message";
}
