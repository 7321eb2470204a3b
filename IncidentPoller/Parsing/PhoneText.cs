using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>What was made of a written value: the value, and what is wrong with it. Both at once where it could be used all the same.</summary>
readonly record struct Reading<T>(T? Value, string? Problem);

/// <summary>Written phone numbers. Never guesses: a number that could be somebody else's is a problem for a person to solve, not a call.</summary>
static partial class PhoneText
{
    public const string Example = "+12025550123";

    /// <param name="defaultCountryCode">Digits of Freshdesk:DefaultCountryCode, for example 1; null: national numbers are a problem.</param>
    public static Reading<PhoneNumber?> Read(string text, string? defaultCountryCode)
    {
        var readings = Separator.Split(Decoration.Replace(WesternDigits(text), "")).Where(part => part.Any(char.IsAsciiLetterOrDigit))
            .Select(part => ReadOne(part, defaultCountryCode)).ToList();
        var numbers = readings.Where(reading => reading.Value is not null).Select(reading => reading.Value!.Value).Distinct().ToList();
        return (numbers, readings) switch
        {
            ([var only], _) when readings.TrueForAll(reading => reading.Problem is null) => new(only, null),
            ([var first, _, ..], _) => new(first, "must be one number, not several; the first one is called"),
            ([var only], _) => new(only, "must be one number and nothing else; only the part that is a number is used"),
            (_, [var one]) => new(null, one.Problem),
            (_, []) => new(null, "must be a phone number"),
            _ => new(null, readings[0].Problem),
        };
    }

    static Reading<PhoneNumber?> ReadOne(string part, string? countryCode)
    {
        part = part.Trim();
        if (part.Any(char.IsLetter))
        {
            return new(null, "must hold digits only, no letters");
        }

        var plus = part.StartsWith('+');
        var digits = string.Concat(part.Where(char.IsAsciiDigit));
        if (!plus && digits.StartsWith("00", StringComparison.Ordinal))
        {
            (plus, digits) = (true, digits[2..]); // 00 is how most of the world dials '+'
        }

        if (plus && digits.StartsWith('0'))
        {
            return new(null, "must have its country code after the '+', which never begins with 0");
        }

        if (!plus && digits.StartsWith('0'))
        {
            if (countryCode is null)
            {
                return new(null, "must be international: a leading 0 makes it a national number, and Freshdesk:DefaultCountryCode is not set");
            }

            digits = countryCode + digits[1..];
        }
        else if (!plus && digits.Length == 10)
        {
            if (countryCode is null)
            {
                return new(null, "must be international: ten digits without '+' may lack their country code, and Freshdesk:DefaultCountryCode is not set");
            }

            digits = countryCode + digits;
        }
        else if (!plus && digits.Length < 10)
        {
            return new(null, $"must have at least 10 digits where '+' is missing; it has {digits.Length}");
        }

        if (digits.StartsWith('1') && digits.Length != 11)
        {
            return new(null, $"must have 11 digits where the country code is 1; it has {digits.Length}");
        }

        return PhoneNumber.TryParse($"+{digits}", out var number)
            ? new(number, null)
            : new(null, $"must have 8 to 15 digits with its country code; it has {digits.Length}");
    }

    // Urdu and Arabic tickets write digits of their own.
    static string WesternDigits(string text)
    {
        var western = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            western.Append(c == '＋' ? '+' : char.IsDigit(c) && !char.IsAsciiDigit(c) ? (char)('0' + (int)CharUnicodeInfo.GetNumericValue(c)) : c);
        }

        return western.ToString();
    }

    [GeneratedRegex(@"[,;/|\n&]+|\b(?:or|and)\b", RegexOptions.IgnoreCase)]
    static partial Regex Separator { get; }

    [GeneratedRegex(@"\b(?:tel|phone|mobile|cell|call|whatsapp)\b\s*[.:]?|[""'“”‘’\u200e\u200f\u202a-\u202e\u2066-\u2069]", RegexOptions.IgnoreCase)]
    static partial Regex Decoration { get; }
}
