using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.ServiceDefaults;

/// <summary>A setting that a vendor needs.</summary>
/// <param name="Key">Canonical key, for example Twilio:AuthToken.</param>
/// <param name="Simulated">What the Simulator accepts in its place.</param>
/// <param name="Example">For the error message; never a real value.</param>
/// <param name="Credential">Its absence is what makes the vendor simulated. Other settings just have a simulated default.</param>
public sealed record VendorSetting(string Key, string Simulated, string Example, bool Credential = true);

/// <summary>What is known of a vendor before any configuration.</summary>
/// <param name="RealBaseUrl">May hold {Section:Key} placeholders of the settings.</param>
public sealed record Vendor(string Name, IReadOnlyList<VendorSetting> Settings, string BaseUrlKey, string RealBaseUrl, string SimulatedBaseUrl)
{
    public static readonly Vendor Twilio = new(
        "Twilio",
        [
            new("Twilio:AccountSid", "AC00000000000000000000000000000001", "AC and 32 hex digits"),
            new("Twilio:AuthToken", "simulator", "the token of Twilio's console"),
            new("Twilio:PhoneNumber", "+12025550100", "+12025550100", Credential: false),
        ],
        "Twilio:BaseUrl", "https://api.twilio.com", "http://127.0.0.1:5091");

    /// <summary>Its agent socket has a base URL of its own: <see cref="VendorEndpoint.Url"/> with Deepgram:AgentBaseUrl.</summary>
    public static readonly Vendor Deepgram = new(
        "Deepgram",
        [new("Deepgram:ApiKey", "simulator", "the key of Deepgram's console")],
        "Deepgram:BaseUrl", "https://api.deepgram.com", "http://127.0.0.1:5092");

    public static readonly Vendor OpenAI = new(
        "OpenAI",
        [new("OpenAI:ApiKey", "simulator", "sk-...")],
        "OpenAI:BaseUrl", "https://api.openai.com/v1", "http://127.0.0.1:5094/v1");

    public static readonly Vendor ElevenLabs = new(
        "ElevenLabs",
        [new("ElevenLabs:ApiKey", "simulator", "the key of ElevenLabs' developer page")],
        "ElevenLabs:BaseUrl", "https://api.elevenlabs.io", "http://127.0.0.1:5095");

    public static readonly Vendor Freshdesk = new(
        "Freshdesk",
        [
            new("Freshdesk:ApiKey", "simulator", "the key of your Freshdesk profile page"),
            new("Freshdesk:Domain", "simulator.freshdesk.com", "yourcity.freshdesk.com", Credential: false),
        ],
        "Freshdesk:BaseUrl", "https://{Freshdesk:Domain}", "http://127.0.0.1:5093");
}

/// <summary>Who serves a vendor: the vendor, or the Simulator. Shown in the start log line, at /status and at /ready.</summary>
public sealed record VendorMode(string Vendor, bool Simulated, string BaseUrl)
{
    public override string ToString() => Simulated ? $"{Vendor} SIMULATED at {BaseUrl}" : $"{Vendor} at {BaseUrl}";
}

/// <summary>Where a vendor is and with what credentials, once configuration is known.</summary>
public sealed class VendorEndpoint
{
    readonly IConfiguration _configuration;
    readonly Dictionary<string, string> _settings;

    VendorEndpoint(IConfiguration configuration, VendorMode mode, Uri baseUrl, Dictionary<string, string> settings) =>
        (_configuration, Mode, BaseUrl, _settings) = (configuration, mode, baseUrl, settings);

    public VendorMode Mode { get; }
    public bool Simulated => Mode.Simulated;

    /// <summary>Without a trailing slash in its path.</summary>
    public Uri BaseUrl { get; }

    /// <summary>A setting of the vendor, simulated where the vendor is: <c>endpoint["Twilio:AuthToken"]</c>.</summary>
    public string this[string key] => _settings[key];

    /// <summary>A further base URL of the vendor, for example Deepgram:AgentBaseUrl, by the same rule as <see cref="BaseUrl"/>.</summary>
    public Uri Url(string key, string real, string simulated)
    {
        var url = _configuration[key] is { Length: > 0 } configured ? configured : Simulated ? simulated : real;
        return Parsed(key, url, real);
    }

    /// <summary>Somebody has given credentials of this vendor; the Simulator's own are none.</summary>
    public static bool HasCredentials(IConfiguration configuration, Vendor vendor) =>
        vendor.Settings.Any(setting => setting.Credential && configuration[setting.Key]?.Trim() is { Length: > 0 } given && given != setting.Simulated);

    /// <summary>
    /// A vendor without credentials is served by the Simulator, except in Production, where that stops the start. Half-given
    /// credentials stop the start everywhere: they are a mistake, and to simulate then would hide it.
    /// </summary>
    /// <exception cref="StartupProblemException">Names each missing key.</exception>
    public static VendorEndpoint Resolve(IConfiguration configuration, IHostEnvironment environment, Vendor vendor)
    {
        var credentials = vendor.Settings.Where(setting => setting.Credential).ToList();
        var simulated = !HasCredentials(configuration, vendor);
        var problems = new List<string>();
        if (simulated && environment.IsProduction())
        {
            problems.AddRange(credentials.Select(setting =>
                $"{setting.Key} must be set when the environment is Production (as it is unless ASPNETCORE_ENVIRONMENT says otherwise; {vendor.Name} is not simulated there), for example {EnvironmentName(setting)}=<{setting.Example}>."));
        }
        else if (!simulated)
        {
            problems.AddRange(vendor.Settings.Where(IsAbsent).Select(setting =>
                $"{setting.Key} is missing while other settings of {vendor.Name} are set: set all of them, or none for the Simulator; for example {EnvironmentName(setting)}=<{setting.Example}>."));
        }

        if (problems.Count > 0)
        {
            throw new StartupProblemException(problems);
        }

        var settings = vendor.Settings.ToDictionary(setting => setting.Key, setting => IsAbsent(setting) ? setting.Simulated : Given(setting)!);
        var real = vendor.Settings.Aggregate(vendor.RealBaseUrl, (url, setting) => url.Replace($"{{{setting.Key}}}", HostOnly(settings[setting.Key]), StringComparison.Ordinal));
        var text = configuration[vendor.BaseUrlKey] is { Length: > 0 } configured ? configured : simulated ? vendor.SimulatedBaseUrl : real;
        var baseUrl = Parsed(vendor.BaseUrlKey, text, real);
        return new VendorEndpoint(configuration, new VendorMode(vendor.Name, simulated, baseUrl.ToString().TrimEnd('/')), baseUrl, settings);

        string? Given(VendorSetting setting) => configuration[setting.Key]?.Trim();
        bool IsAbsent(VendorSetting setting) => string.IsNullOrWhiteSpace(configuration[setting.Key]);
    }

    // A domain is given as yourcity, yourcity.freshdesk.com or with a scheme in front.
    static string HostOnly(string value)
    {
        var host = value.Contains("://", StringComparison.Ordinal) ? value[(value.IndexOf("://", StringComparison.Ordinal) + 3)..] : value;
        host = host.TrimEnd('/');
        return host.Contains('.', StringComparison.Ordinal) ? host : $"{host}.freshdesk.com";
    }

    static Uri Parsed(string key, string text, string example) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" or "ws" or "wss" && url.Host.Length > 0
            ? url
            : throw new StartupProblemException([$"{key} must be an absolute URL, for example {example}; found '{text}'."]);

    static string EnvironmentName(VendorSetting setting) => setting.Key.Replace(":", "__", StringComparison.Ordinal);
}
