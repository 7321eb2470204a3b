using System.Text.RegularExpressions;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Twilio's Say wants a language with its region and stops the call's instructions at one that it does not know.</summary>
static partial class SayLanguage
{
    static readonly Dictionary<string, string> regions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ar"] = "arb", ["ca"] = "ca-ES", ["cs"] = "cs-CZ", ["da"] = "da-DK", ["de"] = "de-DE", ["en"] = "en-US", ["es"] = "es-ES", ["fi"] = "fi-FI",
        ["fr"] = "fr-FR", ["hi"] = "hi-IN", ["it"] = "it-IT", ["ja"] = "ja-JP", ["ko"] = "ko-KR", ["nb"] = "nb-NO", ["nl"] = "nl-NL", ["no"] = "nb-NO",
        ["pl"] = "pl-PL", ["pt"] = "pt-PT", ["ro"] = "ro-RO", ["ru"] = "ru-RU", ["sv"] = "sv-SE", ["tr"] = "tr-TR", ["uk"] = "uk-UA", ["zh"] = "zh-CN",
    };

    /// <summary>Null for one that cannot be said: Twilio's default, en-US, is then better than silence.</summary>
    public static string? Of(string? language) =>
        string.IsNullOrEmpty(language) ? null
        : regions.TryGetValue(language, out var full) ? full
        : WithRegion().IsMatch(language) && regions.ContainsKey(language[..2]) ? language : null;

    [GeneratedRegex("^[a-z]{2}-[A-Z]{2}$")]
    private static partial Regex WithRegion();
}
