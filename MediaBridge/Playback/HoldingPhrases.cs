namespace CityMonitor.MediaBridge.Playback;

/// <summary>
/// What the bridge says itself while the line would else be silent: short, varied, in the call's language. Synthesised once per voice
/// and kept at hand; an earcon stands in until then, and for a language that has none.
/// </summary>
static class HoldingPhrases
{
    static readonly Dictionary<string, IReadOnlyList<string>> byLanguage = new(StringComparer.OrdinalIgnoreCase)
    {
        ["en"] = ["One moment, please.", "I'm still here.", "Thank you for holding.", "Just a little longer, please."],
        ["es"] = ["Un momento, por favor.", "Sigo aquí.", "Gracias por esperar.", "Solo un poco más, por favor."],
        ["fr"] = ["Un instant, s'il vous plaît.", "Je suis toujours là.", "Merci de patienter.", "Encore un petit instant, s'il vous plaît."],
        ["de"] = ["Einen Moment, bitte.", "Ich bin noch da.", "Danke, dass Sie warten.", "Nur noch einen kleinen Moment, bitte."],
    };

    static readonly Dictionary<string, string> sayAgain = new(StringComparer.OrdinalIgnoreCase)
    {
        ["en"] = "I did not catch that. Please say it again.",
        ["es"] = "No le he entendido. Repítalo, por favor.",
        ["fr"] = "Je n'ai pas compris. Répétez, s'il vous plaît.",
        ["de"] = "Das habe ich nicht verstanden. Bitte sagen Sie es noch einmal.",
    };

    static readonly HashSet<string> all = [.. byLanguage.Values.SelectMany(phrases => phrases)];

    /// <param name="language">"en" or "en-US".</param>
    public static IReadOnlyList<string> Of(string language) => byLanguage.GetValueOrDefault(language.Split('-', '_')[0]) ?? [];

    /// <summary>Asks the caller to repeat; part of the conversation, unlike the others.</summary>
    public static string? SayAgain(string language) => sayAgain.GetValueOrDefault(language.Split('-', '_')[0]);

    /// <summary>Such words are heard and on record, but they are no part of the conversation: no model is told them, no bridge repeats them.</summary>
    public static bool IsOne(string text) => all.Contains(text);

    /// <summary>One of them, or what was heard of one.</summary>
    public static bool BeginsOne(string text) => text.Length > 0 && all.Any(phrase => phrase.StartsWith(text, StringComparison.Ordinal));
}
