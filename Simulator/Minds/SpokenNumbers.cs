using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Minds;

/// <summary>Numbers as people say them: "two oh two, triple five, oh one forty two", "about ten... no, twenty minutes".</summary>
static partial class SpokenNumbers
{
    static readonly Dictionary<string, int> Words = new()
    {
        ["zero"] = 0, ["one"] = 1, ["two"] = 2, ["three"] = 3, ["four"] = 4, ["five"] = 5, ["six"] = 6, ["seven"] = 7, ["eight"] = 8,
        ["nine"] = 9, ["ten"] = 10, ["eleven"] = 11, ["twelve"] = 12, ["thirteen"] = 13, ["fourteen"] = 14, ["fifteen"] = 15,
        ["sixteen"] = 16, ["seventeen"] = 17, ["eighteen"] = 18, ["nineteen"] = 19, ["twenty"] = 20, ["thirty"] = 30, ["forty"] = 40,
        ["fifty"] = 50, ["sixty"] = 60, ["seventy"] = 70, ["eighty"] = 80, ["ninety"] = 90,
    };

    /// <summary>A phone number in E.164 form, or null when fewer than ten digits were said. After a correction the last one counts.</summary>
    public static string? Phone(string text)
    {
        foreach (var part in Parts(text).Prepend(text).Reverse())
        {
            var digits = Digits(part);
            var plain = digits.TrimStart('+');
            if (plain.Length is >= 10 and <= 15)
            {
                return digits[0] == '+' || plain.Length > 10 ? $"+{plain}" : $"+1{plain}";
            }
        }

        return null;
    }

    /// <summary>Every digit that was said, in order, with a leading plus when there was one; empty when there was none.</summary>
    public static string Digits(string text)
    {
        var tokens = Token().Matches(text.ToLowerInvariant()).Select(m => m.Value).ToList();
        var digits = new StringBuilder();
        var times = 1;
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            var said = token switch
            {
                "+" or "plus" when digits.Length == 0 => "+",
                "oh" or "o" => IsNumber(tokens, i - 1) || IsNumber(tokens, i + 1) ? "0" : "",
                _ when char.IsAsciiDigit(token[0]) => token,
                _ when Words.TryGetValue(token, out var value) => Tens(tokens, ref i, value),
                _ => "",
            };
            if (token is "double" or "triple")
            {
                times = token == "double" ? 2 : 3;
                continue;
            }

            digits.Insert(digits.Length, said, said.Length == 0 ? 0 : times);
            times = 1;
        }

        return digits.ToString();
    }

    /// <summary>Minutes until arrival, or null when no time was said. After a correction the last one counts; of a range, the longer.</summary>
    public static int? Minutes(string text)
    {
        foreach (var part in Parts(text).Prepend(text).Reverse())
        {
            if (MinutesOf(part.ToLowerInvariant()) is { } minutes)
            {
                return minutes;
            }
        }

        return null;
    }

    static int? MinutesOf(string text)
    {
        if (AlreadyThere().IsMatch(text))
        {
            return 0;
        }

        var minutes = 0;
        var found = false;
        if (text.Contains("hour and a half", StringComparison.Ordinal))
        {
            return 90;
        }

        foreach (var (phrase, worth) in (ReadOnlySpan<(string, int)>)
            [("three quarters of an hour", 45), ("quarter of an hour", 15), ("half an hour", 30), ("half hour", 30), ("couple of minutes", 2), ("couple minutes", 2), ("few minutes", 5)])
        {
            if (text.Contains(phrase, StringComparison.Ordinal))
            {
                return worth;
            }
        }

        var tokens = Token().Matches(text).Select(m => m.Value).ToList();
        for (var i = 0; i < tokens.Count; i++)
        {
            var number = tokens[i] is "an" or "a" && i + 1 < tokens.Count && tokens[i + 1].StartsWith("hour", StringComparison.Ordinal) ? 1
                : char.IsAsciiDigit(tokens[i][0]) && tokens[i].Length <= 3 ? int.Parse(tokens[i], CultureInfo.InvariantCulture)
                : Words.TryGetValue(tokens[i], out var value) ? int.Parse(Tens(tokens, ref i, value), CultureInfo.InvariantCulture)
                : -1;
            if (number < 0)
            {
                continue;
            }

            var hours = i + 1 < tokens.Count && tokens[i + 1].StartsWith("hour", StringComparison.Ordinal);
            minutes = hours ? number * 60 : found && minutes >= 60 ? minutes + number : number;
            found = true;
        }

        return found && minutes <= 24 * 60 ? minutes : null;
    }

    // "forty two" is 42; "twenty ten" is 20 and then 10.
    static string Tens(List<string> tokens, ref int at, int value)
    {
        if (value is >= 20 and < 100 && at + 1 < tokens.Count && Words.TryGetValue(tokens[at + 1], out var unit) && unit is > 0 and < 10)
        {
            at++;
            value += unit;
        }

        return value.ToString(CultureInfo.InvariantCulture);
    }

    static bool IsNumber(List<string> tokens, int at) =>
        at >= 0 && at < tokens.Count && (char.IsAsciiDigit(tokens[at][0]) || Words.ContainsKey(tokens[at]) || tokens[at] is "oh" or "o" or "double" or "triple");

    static string[] Parts(string text) => Correction().Split(text);

    [GeneratedRegex(@"\+|\d+|[a-z]+")]
    private static partial Regex Token();

    [GeneratedRegex(@"\b(?:no|nope|sorry|wait|actually|correction|i mean|make that|make it|rather)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Correction();

    [GeneratedRegex(@"\b(?:already (?:there|here|on (?:the )?(?:scene|site))|i'?m (?:there|here)|on (?:the )?scene)\b")]
    private static partial Regex AlreadyThere();
}
