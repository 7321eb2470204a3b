using System.Diagnostics.Metrics;

namespace CityMonitor.ServiceDefaults;

public enum QuotaWindow { Second, Minute, Month }

/// <summary>What a vendor lets us use in a time.</summary>
/// <param name="Name">As in the key of its limit and the name of its alert, for example openai.tokens.</param>
/// <param name="Usual">The limit of a small account, which is taken where none is configured and the vendor is real.</param>
/// <param name="Paced">We keep within it by ourselves, so that to be near it is no alert.</param>
public sealed record Quota(string Name, string Vendor, QuotaWindow Window, long Usual, bool Paced = false);

/// <summary>All quotas that are counted.</summary>
public static class Quotas
{
    public static readonly Quota TwilioCalls = new("twilio.calls", "Twilio", QuotaWindow.Second, 1, Paced: true);
    public static readonly Quota OpenAITokens = new("openai.tokens", "OpenAI", QuotaWindow.Minute, 3_500);

    /// <summary>Seconds in which Deepgram listens; 50 hours.</summary>
    public static readonly Quota DeepgramSeconds = new("deepgram.seconds", "Deepgram", QuotaWindow.Month, 50 * 3600);
    public static readonly Quota ElevenLabsCharacters = new("elevenlabs.characters", "ElevenLabs", QuotaWindow.Month, 10_000);

    /// <summary>The limit of Freshdesk's smallest paid plan is 200, of a trial 50.</summary>
    public static readonly Quota FreshdeskRequests = new("freshdesk.requests", "Freshdesk", QuotaWindow.Minute, 50);

    public static readonly IReadOnlyList<Quota> All = [TwilioCalls, OpenAITokens, DeepgramSeconds, ElevenLabsCharacters, FreshdeskRequests];
}

/// <summary>Counts what is used of vendors: a metric for everybody, and the ledger's input.</summary>
public static class VendorUse
{
    internal const string InstrumentName = "citymonitor.vendor.use", QuotaTag = "quota";

    static readonly Meter s_meter = new("CityMonitor.Vendors");
    static readonly Counter<long> s_use = s_meter.CreateCounter<long>(InstrumentName, "{unit}", "What was used of a vendor's quota, in its own unit: calls, tokens, seconds, characters, requests.");

    public static void Add(Quota quota, long amount)
    {
        if (amount > 0)
        {
            s_use.Add(amount, new KeyValuePair<string, object?>(QuotaTag, quota.Name));
        }
    }
}

/// <summary>Section Quotas: the limits of the accounts at the vendors. 0 is no limit; where none is given it is that of a small account, or none while the vendor is simulated.</summary>
sealed class QuotaOptions : ICheckedOptions
{
    public const string Section = "Quotas";

    public long? TwilioCallsPerSecond { get; set; }
    public long? OpenAITokensPerMinute { get; set; }
    public long? DeepgramHoursPerMonth { get; set; }
    public long? ElevenLabsCharactersPerMonth { get; set; }
    public long? FreshdeskRequestsPerMinute { get; set; }

    /// <summary>The share of a limit above which there is an alert; default 0.8.</summary>
    public double WarnAbove { get; set; } = 0.8;

    /// <summary>Null where none is configured.</summary>
    public long? Of(Quota quota) => quota.Name switch
    {
        "twilio.calls" => TwilioCallsPerSecond,
        "openai.tokens" => OpenAITokensPerMinute,
        "deepgram.seconds" => DeepgramHoursPerMonth * 3600,
        "elevenlabs.characters" => ElevenLabsCharactersPerMonth,
        _ => FreshdeskRequestsPerMinute,
    };

    public static string KeyOf(Quota quota) => quota.Name switch
    {
        "twilio.calls" => "Quotas:TwilioCallsPerSecond",
        "openai.tokens" => "Quotas:OpenAITokensPerMinute",
        "deepgram.seconds" => "Quotas:DeepgramHoursPerMonth",
        "elevenlabs.characters" => "Quotas:ElevenLabsCharactersPerMonth",
        _ => "Quotas:FreshdeskRequestsPerMinute",
    };

    public IEnumerable<string> Problems()
    {
        foreach (var quota in Quotas.All.Where(quota => Of(quota) is < 0))
        {
            yield return $"{KeyOf(quota)} must be 0 (no limit) or more, for example {(quota == Quotas.DeepgramSeconds ? 50 : quota.Usual)}; found '{Of(quota)}'.";
        }

        if (WarnAbove is not (> 0 and <= 1))
        {
            yield return $"Quotas:WarnAbove must be a share above 0 and up to 1, for example 0.8; found '{WarnAbove}'.";
        }
    }
}

/// <summary>How a quota stands, over all services and replicas; shown by GET /status.</summary>
/// <param name="Limit">Null for none.</param>
public sealed record QuotaUse(string Quota, string Per, long Used, long? Limit);
