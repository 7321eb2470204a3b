using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>Section Deepgram. Credentials and base URLs are the vendor's own settings (<see cref="Vendor.Deepgram"/>).</summary>
sealed class DeepgramOptions : ICheckedOptions
{
    /// <summary>Speech recognition of the agent: nova-3 or a flux model; default nova-3.</summary>
    public string ListenModel { get; init; } = "nova-3";

    /// <summary>Whose language model the agent uses where the flow names a model alone; default open_ai.</summary>
    public string ThinkProvider { get; init; } = "open_ai";

    /// <summary>Longest wait for one attempt to open an agent, in ms; default 1000, each further attempt has one second more.</summary>
    public int OpenTimeoutMs { get; init; } = 1000;

    /// <summary>Agents that this bridge has open at once, as the account allows; default 0: as many as there are calls. A call beyond it goes to the keypad.</summary>
    public int MaxConcurrent { get; init; }

    public IEnumerable<string> Problems()
    {
        if (MaxConcurrent is < 0 or > 10_000)
        {
            yield return $"Deepgram:MaxConcurrent must be from 0 (no limit) to 10000, for example 45; found {MaxConcurrent}.";
        }

        if (!ListenModel.StartsWith("nova-", StringComparison.Ordinal) && !ListenModel.StartsWith("flux-", StringComparison.Ordinal))
        {
            yield return $"Deepgram:ListenModel must be a nova or flux model, for example nova-3 or flux-general-en; found '{ListenModel}'.";
        }

        if (string.IsNullOrWhiteSpace(ThinkProvider))
        {
            yield return "Deepgram:ThinkProvider must name a provider, for example open_ai.";
        }

        if (OpenTimeoutMs is < 100 or > 30_000)
        {
            yield return $"Deepgram:OpenTimeoutMs must be from 100 to 30000 ms, for example 1000; found {OpenTimeoutMs}.";
        }
    }
}

/// <summary>Where Deepgram is, who serves it, and its key.</summary>
/// <param name="Agent">ws or wss, without a path.</param>
sealed record DeepgramEndpoint(Uri Speak, Uri Agent, string ApiKey, bool Simulated)
{
    /// <summary>The sockets of listen and speak: Speak as ws or wss, without a path.</summary>
    public Uri Listen { get; } = new UriBuilder(Speak) { Scheme = Speak.Scheme is "https" or "wss" ? "wss" : "ws" }.Uri;
}
