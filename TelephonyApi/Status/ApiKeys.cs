using System.Security.Cryptography;
using System.Text;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Status;

/// <summary>
/// Section ApiKeys: name -> sha256:{hex of the key}[;role={reader|operator|admin}]. A key may also stand there itself; it is hashed at once.
/// The name Freshdesk is the automation's. Compares are constant-time.
/// </summary>
sealed class ApiKeys
{
    public const string Header = "X-Api-Key";

    const string FreshdeskName = "Freshdesk";
    const string HashPrefix = "sha256:";

    readonly List<(string Name, byte[] Hash, string Role)> keys = [];

    public ApiKeys(IConfiguration configuration, IOptions<TwilioOptions> twilio, IHostEnvironment environment)
    {
        foreach (var entry in configuration.GetSection("ApiKeys").GetChildren().Where(entry => !string.IsNullOrWhiteSpace(entry.Value)))
        {
            var parts = entry.Value!.Split(";role=", 2);
            keys.Add((entry.Key, HashOf(entry.Key, parts[0].Trim()), parts.Length > 1 ? parts[1].Trim() : "reader"));
        }

        // Where the simulated Freshdesk is started beside us, its secret comes under Freshdesk's own section.
        if (!keys.Exists(IsFreshdeskKey) && configuration["Freshdesk:WebhookSecret"] is { Length: > 0 } secret)
        {
            keys.Add((FreshdeskName, Hash(secret), "freshdesk"));
        }

        Open = (twilio.Value.Simulated || environment.IsDevelopment()) && !keys.Exists(key => !IsFreshdeskKey(key));
    }

    /// <summary>No key is configured and nothing real is at stake: routes for people are open, and say so.</summary>
    public bool Open { get; }

    public bool IsFreshdesk(string given) => Find(given, IsFreshdeskKey) is not null;

    /// <summary>The role of a key, or null for one that is not known. Every known role may read.</summary>
    public string? RoleOf(string given) => Find(given, key => !IsFreshdeskKey(key));

    string? Find(string given, Predicate<(string Name, byte[] Hash, string Role)> which)
    {
        var hash = Hash(given);
        string? role = null;
        foreach (var key in keys.FindAll(which))
        {
            // All of them, so that the time taken tells nothing.
            role = CryptographicOperations.FixedTimeEquals(key.Hash, hash) && given.Length > 0 ? key.Role : role;
        }

        return role;
    }

    static bool IsFreshdeskKey((string Name, byte[] Hash, string Role) key) => key.Name.Equals(FreshdeskName, StringComparison.OrdinalIgnoreCase);

    static byte[] HashOf(string name, string value)
    {
        if (!value.StartsWith(HashPrefix, StringComparison.Ordinal))
        {
            return Hash(value);
        }

        var hex = value[HashPrefix.Length..];
        return hex.Length == 64 && hex.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(hex)
            : throw new ServiceDefaults.StartupProblemException(
                [$"ApiKeys:{name} must be a key, or sha256: and 64 hex digits, for example sha256:{Convert.ToHexStringLower(Hash("example"))};role=reader."]);
    }

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
