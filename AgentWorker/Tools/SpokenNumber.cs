using System.Text;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>Makes an E.164 number of what was spoken: digits, number words, 'double five', a national form, or 'this number'.</summary>
static class SpokenNumber
{
    static readonly Dictionary<string, string> words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["zero"] = "0", ["oh"] = "0", ["o"] = "0", ["nought"] = "0", ["null"] = "0", ["one"] = "1", ["two"] = "2", ["three"] = "3", ["four"] = "4",
        ["five"] = "5", ["six"] = "6", ["seven"] = "7", ["eight"] = "8", ["nine"] = "9", ["niner"] = "9", ["ten"] = "10", ["eleven"] = "11", ["twelve"] = "12",
        ["thirteen"] = "13", ["fourteen"] = "14", ["fifteen"] = "15", ["sixteen"] = "16", ["seventeen"] = "17", ["eighteen"] = "18", ["nineteen"] = "19",
        ["hundred"] = "00", ["plus"] = "+",
    };

    static readonly Dictionary<string, char> tens = new(StringComparer.OrdinalIgnoreCase)
    {
        ["twenty"] = '2', ["thirty"] = '3', ["forty"] = '4', ["fourty"] = '4', ["fifty"] = '5', ["sixty"] = '6', ["seventy"] = '7', ["eighty"] = '8', ["ninety"] = '9',
    };

    static readonly string[] same = ["this number", "same number", "this one", "the same", "same", "this phone", "my number", "the number you called", "number you called", "this"];

    /// <summary>Words between the digits that mean nothing.</summary>
    static readonly HashSet<string> filler = new(StringComparer.OrdinalIgnoreCase)
    {
        "it", "its", "it's", "is", "my", "number", "the", "and", "area", "code", "country", "dash", "hyphen", "dot", "space", "then", "whatsapp", "tel", "phone", "um", "uh", "er", "please", "comma", "so", "that's", "that",
    };

    /// <param name="dialled">The number of this call: 'this number', and the country of a national form.</param>
    /// <param name="problem">What is wrong, to follow the field's name.</param>
    public static PhoneNumber? Read(string spoken, PhoneNumber dialled, out string problem)
    {
        problem = "";
        if (IsSame(spoken))
        {
            return dialled;
        }

        if (Digits(spoken, out problem) is not { } text)
        {
            return null;
        }

        var country = CountryCode.Of(dialled);
        foreach (var candidate in Candidates(text, country, dialled))
        {
            if (PhoneNumber.TryParse(candidate, out var number) && CountryCode.Of(number) is { } found && (found != "1" || number.Value.Length == 12))
            {
                return number;
            }
        }

        problem = $"has {text.Count(char.IsAsciiDigit)} digits, which is no complete phone number; ask for it again digit by digit, with the country code if it is a foreign one";
        return null;
    }

    static bool IsSame(string spoken)
    {
        var plain = string.Join(' ', spoken.Split([' ', '.', ',', '!', '?', '"'], StringSplitOptions.RemoveEmptyEntries));
        return !plain.Any(char.IsAsciiDigit) && same.Any(s => plain.Equals(s, StringComparison.OrdinalIgnoreCase) ||
            (s.Contains(' ') && plain.Contains(s, StringComparison.OrdinalIgnoreCase) && Digits(plain, out _) is null));
    }

    static IEnumerable<string> Candidates(string text, string country, PhoneNumber dialled)
    {
        if (text.StartsWith('+'))
        {
            yield return text;
            yield break;
        }

        if (country == "1" && text.StartsWith("011", StringComparison.Ordinal))
        {
            yield return "+" + text[3..];
            yield break;
        }

        if (text.StartsWith("00", StringComparison.Ordinal))
        {
            yield return "+" + text[2..];
            yield break;
        }

        // With its country code but without the plus: as long as the number that we dialled.
        if (text.StartsWith(country, StringComparison.Ordinal) && text.Length == dialled.Value.Length - 1)
        {
            yield return "+" + text;
        }

        // National, as long as the dialled one give or take two; Italy keeps its leading zero, +1 has none, the others drop their trunk prefix.
        var national = country is "39" or "1" ? text : text.TrimStart('0');
        var usual = dialled.Value.Length - 1 - country.Length;
        if (country == "1" ? national.Length == 10 : Math.Abs(national.Length - usual) <= 2 && national.Length >= 6)
        {
            yield return "+" + country + national;
        }
    }

    /// <summary>Only '+' and digits; null where something else was said.</summary>
    static string? Digits(string spoken, out string problem)
    {
        problem = "";
        var digits = new StringBuilder();
        var repeat = 1;
        var parts = spoken.Split([' ', ',', '.', '-', '–', '(', ')', '/', '\t', ';', ':'], StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i];
            if (part.Equals("double", StringComparison.OrdinalIgnoreCase) || part.Equals("triple", StringComparison.OrdinalIgnoreCase))
            {
                repeat = part[0] is 'd' or 'D' ? 2 : 3;
                continue;
            }

            var value = part.All(c => char.IsAsciiDigit(c) || c == '+') ? part : words.GetValueOrDefault(part);
            if (value is null && tens.TryGetValue(part, out var ten))
            {
                var next = i + 1 < parts.Length && words.TryGetValue(parts[i + 1], out var unit) && unit.Length == 1 && unit[0] is >= '1' and <= '9' ? unit[0] : '0';
                i += next == '0' ? 0 : 1;
                value = $"{ten}{next}";
            }

            if (value is null)
            {
                if (filler.Contains(part))
                {
                    continue;
                }

                problem = $"has the word '{part}', which is no part of a phone number";
                return null;
            }

            digits.Append(repeat > 1 && value.Length >= 1 ? new string(value[0], repeat) + value[1..] : value);
            repeat = 1;
        }

        var text = digits.ToString();
        if (text.Length == 0 || text.LastIndexOf('+') > 0)
        {
            problem = text.Length == 0 ? "has no digits" : "has a plus in the middle; two numbers were given";
            return null;
        }

        return text;
    }
}

/// <summary>The country calling code at the start of a number (ITU E.164).</summary>
static class CountryCode
{
    static readonly HashSet<string> twoDigits =
    [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58",
        "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];

    public static string Of(PhoneNumber number)
    {
        var digits = number.Value[1..];
        return digits[0] is '1' or '7' ? digits[..1] : twoDigits.Contains(digits[..2]) ? digits[..2] : digits[..3];
    }
}
