using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Minds;

/// <summary>Which rule fits, and what its expressions and placeholders find.</summary>
sealed partial class Mind
{
    // Scripts are trusted, utterances are not: an expression that runs away must not stop a session.
    static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    // As many as the scripts have: the class's own cache is too small for them.
    static readonly ConcurrentDictionary<string, Regex> Expressions = new();

    (MindState, MindPlan)? React(MindState state, MindOccasion occasion, string heard, string? tool, bool isError)
    {
        foreach (var rule in script.Rules)
        {
            if (rule.On == occasion && (rule.Tool is null || rule.Tool == tool) && (rule.Error ?? isError) == isError && Holds(state, rule.If)
                && Fits(rule, state, heard) is { } filled)
            {
                return (filled, new MindPlan([.. rule.Do]));
            }
        }

        return null;
    }

    static MindState? Fits(MindRule rule, MindState state, string heard)
    {
        if (rule.Unless is { } unless && Find(heard, unless).Success)
        {
            return null;
        }

        if (rule.Match is { } expression)
        {
            var match = Find(heard, expression);
            if (!match.Success)
            {
                return null;
            }

            state = match.Groups.Values.Where(g => g.Success && !char.IsAsciiDigit(g.Name[0])).Aggregate(state, (s, g) => s.With(g.Name, g.Value.Trim()));
        }

        var from = Fill(state, rule.From ?? "{utterance}");
        foreach (var (slot, kind) in rule.Take)
        {
            var value = kind switch
            {
                "phone" => SpokenNumbers.Phone(from),
                "digits" => SpokenNumbers.Digits(from) is { Length: > 0 } digits ? digits : null,
                "minutes" => SpokenNumbers.Minutes(from)?.ToString(CultureInfo.InvariantCulture),
                _ => null,
            };
            if (value is null)
            {
                return null;
            }

            state = state.With(slot, value);
        }

        return rule.Read.Aggregate(state, (s, read) => FirstProperty(heard, read.Value) is { } value ? s.With(read.Key, value) : s);
    }

    static bool Holds(MindState state, Dictionary<string, List<string>> conditions) =>
        conditions.All(condition => condition.Value.Contains(state[condition.Key]));

    public static Match Find(string text, string expression)
    {
        try
        {
            return Expressions.GetOrAdd(
                expression, static e => new Regex(e, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, MatchTimeout)).Match(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return Match.Empty;
        }
    }

    static string? FirstProperty(string json, IEnumerable<string> names)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var name in names)
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value)
                    && value.ValueKind is JsonValueKind.String or JsonValueKind.Number && value.ToString() is { Length: > 0 } text)
                {
                    return text;
                }
            }
        }
        catch (JsonException)
        {
            // A result need not be JSON: then there is nothing to read from it.
        }

        return null;
    }

    // Sample: "I have {number|spell}. You need {eta} minutes."
    static string Fill(MindState state, string template) => Placeholder().Replace(template, match => Filter(state[match.Groups[1].Value], match.Groups[2].Value));

    static string Filter(string value, string filter) => filter switch
    {
        "spell" => string.Join(' ', value.Replace("+", "plus ", StringComparison.Ordinal).Split(' ').SelectMany(w => char.IsAsciiDigit(w[0]) ? w.Select(c => c.ToString()) : [w])),
        "next" => ((int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : 0) + 1).ToString(CultureInfo.InvariantCulture),
        "phone" => SpokenNumbers.Phone(value) ?? "",
        "lower" => value.ToLowerInvariant(),
        "brief" => value.Length <= 300 ? value : value[..300],
        _ => value,
    };

    [GeneratedRegex(@"\{(\w+)(?:\|(\w+))?\}")]
    private static partial Regex Placeholder();
}
