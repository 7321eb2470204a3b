using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Extraction;

/// <summary>Section OpenAI: the model that completes tickets. ApiKey and BaseUrl are the vendor's (see VendorEndpoint).</summary>
sealed class OpenAiOptions : ICheckedOptions
{
    public const string Section = "OpenAI";

    /// <summary>No model is asked: what the parser misses goes to the operator.</summary>
    public const string Off = "off";

    /// <summary>Name of a chat model with structured output; default gpt-4o-mini; off: none.</summary>
    public string Model { get; set; } = "gpt-4o-mini";

    /// <summary>Longest time of one attempt; default 8 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Longest time of all attempts; default 15 s. The incident waits for it, so keep it short.</summary>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Attempts after the first; default 2.</summary>
    public int Retries { get; set; } = 2;

    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Model))
        {
            yield return "OpenAI:Model must name a chat model, for example gpt-4o-mini, or off.";
        }

        if (AttemptTimeout <= TimeSpan.Zero || AttemptTimeout > TimeSpan.FromMinutes(2))
        {
            yield return "OpenAI:AttemptTimeout must be more than 0 and at most 2 minutes, for example 00:00:08.";
        }

        if (TotalTimeout < AttemptTimeout || TotalTimeout > TimeSpan.FromMinutes(5))
        {
            yield return "OpenAI:TotalTimeout must be from AttemptTimeout to 5 minutes, for example 00:00:15.";
        }

        if (Retries is < 0 or > 5)
        {
            yield return "OpenAI:Retries must be 0 to 5, for example 2.";
        }
    }
}
