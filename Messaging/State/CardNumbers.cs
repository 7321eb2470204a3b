using System.Text.RegularExpressions;

namespace CityMonitor.Messaging.State;

/// <summary>
/// Card numbers are never kept: 13 to 19 digits that pass the check of payment cards, however they are grouped, are replaced before
/// a text is stored. A phone number that begins with its '+' stays.
/// </summary>
public static partial class CardNumbers
{
    public const string Replacement = "[card number]";

    /// <summary>Cards of today have at least so many digits, and phone numbers fewer: for what somebody still has to read a number from.</summary>
    public const int FewestOfToday = 15;

    const int Fewest = 13, Most = 19;

    // Digits one by one ("4, 1, 1, 1"), in groups ("4111 1111", "4111-1111"), or together.
    [GeneratedRegex(@"(?<![\d+])\d(?:[ ,.\-]{0,2}\d){12,18}(?!\d)", RegexOptions.CultureInvariant)]
    static partial Regex Candidate { get; }

    public static string Redact(string text, int fewest = Fewest) =>
        CountDigits(text) < fewest ? text : Candidate.Replace(text, match => IsCard(match.Value) && CountDigits(match.Value) >= fewest ? Replacement : match.Value);

    static int CountDigits(string text)
    {
        var digits = 0;
        foreach (var c in text)
        {
            digits += char.IsAsciiDigit(c) ? 1 : 0;
        }

        return digits;
    }

    /// <summary>Luhn: from the right, every second digit doubled, the sum a multiple of ten.</summary>
    static bool IsCard(string text)
    {
        var (sum, position) = (0, 0);
        for (var i = text.Length - 1; i >= 0; i--)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                var digit = (text[i] - '0') * (1 + (position++ % 2));
                sum += digit > 9 ? digit - 9 : digit;
            }
        }

        return position is >= Fewest and <= Most && sum > 0 && sum % 10 == 0;
    }
}
