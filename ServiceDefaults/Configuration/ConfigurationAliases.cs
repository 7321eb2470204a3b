using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace CityMonitor.ServiceDefaults;

/// <summary>
/// The variable names of the five source systems, so that their deployments start unchanged. The canonical key always wins over an
/// alias, and among aliases of one key the one that stands higher in this table.
/// </summary>
static class ConfigurationAliases
{
    /// <param name="Alias">Variable name of a source system.</param>
    /// <param name="Key">Canonical key.</param>
    /// <param name="Only">The one service that the alias is for; null for all.</param>
    /// <param name="Convert">From the old form to ours; throws <see cref="FormatException"/> with the rule and an example.</param>
    internal sealed record Entry(string Alias, string Key, string? Only = null, Func<string, string>? Convert = null);

    internal static readonly IReadOnlyList<Entry> Table =
    [
        new("TWILIO_ACCOUNT_SID", "Twilio:AccountSid"),
        new("TWILIO_AUTH_TOKEN", "Twilio:AuthToken"),
        new("TWILIO_PHONE_NUMBER", "Twilio:PhoneNumber"),
        new("TWILIO_WHATSAPP_FROM", "Twilio:WhatsAppFrom"),
        new("WEBHOOK_URL", "PublicUrls:Telephony", Convert: BaseOfIncomingWebhook),
        new("PUBLIC_URL", "PublicUrls:Telephony", Convert: HttpBase),
        new("BASE_URL", "PublicUrls:Telephony", Convert: HttpBase),
        new("WEBSOCKET_URL", "PublicUrls:Media", Convert: WebSocketUrl),
        new("DEEPGRAM_API_KEY", "Deepgram:ApiKey"),
        new("OPENAI_API_KEY", "OpenAI:ApiKey"),
        new("ELEVENLABS_API_KEY", "ElevenLabs:ApiKey"),
        new("ELEVEN_LABS_API_KEY", "ElevenLabs:ApiKey"),
        new("ELEVENLABS_API_KEY_GAL", "ElevenLabs:ApiKey"),
        new("ULTRAVOX_API_KEY", "Ultravox:ApiKey"),
        new("FRESHDESK_DOMAIN", "Freshdesk:Domain"),
        new("FRESHDESK_API_KEY", "Freshdesk:ApiKey"),
        new("API_KEY", "Freshdesk:ApiKey", Only: "IncidentPoller"),
        new("POLLING_INTERVAL", "Freshdesk:PollingInterval", Convert: Seconds),
        new("N8N_WEBHOOK_URL", "N8n:WebhookUrl"),
        new("GALTEA_API_KEY", "Galtea:ApiKey"),
        new("GALTEA_API_KEY_DEV", "Galtea:ApiKey"),
        new("PORT", "urls", Only: "TelephonyApi", Convert: ListenOnPort),
    ];

    /// <summary>Adds what the aliases give as the weakest source of configuration: every canonical value from any source wins.</summary>
    /// <exception cref="StartupProblemException">An alias whose canonical key is not set has a value that breaks its rule.</exception>
    public static void Apply(IConfigurationManager configuration, string service)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var problems = new List<string>();
        foreach (var entry in Table)
        {
            var value = configuration[entry.Alias]?.Trim();
            if (string.IsNullOrEmpty(value)
                || (entry.Only is not null && entry.Only != service)
                || configuration[entry.Key] is not null
                || values.ContainsKey(entry.Key))
            {
                continue;
            }

            try
            {
                values[entry.Key] = entry.Convert is null ? value : entry.Convert(value);
            }
            catch (FormatException error)
            {
                problems.Add($"{entry.Alias} {error.Message} It is an alias of {entry.Key}, which may be set instead.");
            }
        }

        if (problems.Count > 0)
        {
            throw new StartupProblemException(problems);
        }

        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = values });
    }

    static string BaseOfIncomingWebhook(string value)
    {
        const string Suffix = "/twilio/incoming";
        return IsUrl(value, "http", "https") && value.EndsWith(Suffix, StringComparison.Ordinal)
            ? value[..^Suffix.Length]
            : throw new FormatException($"must be an http(s) URL that ends with {Suffix}, for example https://city.example.org{Suffix}; found '{value}'.");
    }

    // One of the source systems writes its BASE_URL without a scheme, because its server adds one.
    static string HttpBase(string value)
    {
        var url = value.Contains("://", StringComparison.Ordinal) ? value : $"https://{value}";
        return IsUrl(url, "http", "https") ? url.TrimEnd('/') : throw new FormatException($"must be an http(s) URL, for example https://city.example.org; found '{value}'.");
    }

    static string WebSocketUrl(string value) =>
        IsUrl(value, "ws", "wss") ? value : throw new FormatException($"must be a ws or wss URL, for example wss://media.example.org/media; found '{value}'.");

    static string Seconds(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 86_400
            ? TimeSpan.FromSeconds(seconds).ToString("c", CultureInfo.InvariantCulture)
            : throw new FormatException($"must be a number of seconds above 0, for example 30; found '{value}'.");

    static string ListenOnPort(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65_536
            ? $"http://*:{port}"
            : throw new FormatException($"must be a port from 1 to 65535, for example 5000; found '{value}'.");

    static bool IsUrl(string value, params ReadOnlySpan<string> schemes) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url.Host.Length > 0;
}
