using System.Text;
using System.Text.RegularExpressions;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>
/// Writes numbers, codes and addresses as they are to be said: a voice left alone makes five million out of a telephone number. What
/// comes out is what was said, so transcripts hold this form too. Applied twice it changes nothing.
/// </summary>
static partial class Spelling
{
    public static string ForTheEar(string text, string language)
    {
        if (!NeedsWork(text))
        {
            return text;
        }

        var english = language.StartsWith("en", StringComparison.OrdinalIgnoreCase);
        var plus = language.StartsWith("es", StringComparison.OrdinalIgnoreCase) ? "m\u00e1s " : "plus ";
        text = PhoneNumber().Replace(text, match => match.Value.Count(char.IsAsciiDigit) >= 7 ? Grouped(match.Value, plus) : match.Value);
        if (english)
        {
            text = Percent().Replace(text, "$1 percent");
            text = HashNumber().Replace(text, "number $1");
            text = Minutes().Replace(text, "$1 minutes");
            text = Kilometres().Replace(text, "$1 kilometers");
            text = StreetType().Replace(text, match => $"{match.Groups[1].Value} {StreetName(match.Groups[2].Value)}");
            text = text.Replace(" & ", " and ", StringComparison.Ordinal);
        }

        text = Code().Replace(text, match => IsCode(match.Value) ? Spelled(match.Value) : match.Value);
        return LongNumber().Replace(text, match => Spelled(match.Value));
    }

    static bool NeedsWork(string text) => text.AsSpan().ContainsAnyInRange('0', '9') || text.Contains('&', StringComparison.Ordinal) || text.Contains('.', StringComparison.Ordinal);

    /// <summary>"+1 202-555-0123" is "plus 1, 2 0 2, 5 5 5, 0 1 2 3": the writer's groups, or else threes and a last four.</summary>
    static string Grouped(string number, string plus)
    {
        var groups = number.Split([' ', '-', '.', '(', ')', '+', '/'], StringSplitOptions.RemoveEmptyEntries).ToList();
        if (groups.Count == 1)
        {
            var digits = groups[0];
            groups.Clear();
            var at = number.StartsWith('+') && digits.Length == 11 ? 1 : 0;
            if (at == 1)
            {
                groups.Add(digits[..1]);
            }

            while (digits.Length - at > 4)
            {
                groups.Add(digits[at..(at + 3)]);
                at += 3;
            }

            groups.Add(digits[at..]);
        }

        return (number.StartsWith('+') ? plus : "") + string.Join(", ", groups.Select(group => string.Join(' ', group.AsEnumerable())));
    }

    /// <summary>Letters and digits in one word: CAM-0231, B7. Not 5pm, 10km, 2nd or 21st.</summary>
    static bool IsCode(string word) =>
        word.Any(char.IsAsciiDigit) && word.Any(char.IsAsciiLetterUpper) && !word.Any(char.IsAsciiLetterLower);

    static string Spelled(string code)
    {
        var said = new StringBuilder(code.Length * 2);
        foreach (var c in code)
        {
            if (c is '-' or '/' or '_')
            {
                continue;
            }

            if (said.Length > 0)
            {
                said.Append(' ');
            }

            said.Append(c);
        }

        return said.ToString();
    }

    static string StreetName(string type) => type switch
    {
        "St" => "Street", "Ave" => "Avenue", "Rd" => "Road", "Blvd" => "Boulevard", "Hwy" => "Highway", "Ln" => "Lane", "Apt" => "Apartment", _ => "Square",
    };

    // +1 (202) 555-0123, 2025550123, 202 555 0123; not a date (2026-11-20 has four digits first) and not within a longer word.
    [GeneratedRegex(@"(?<![\w-])(?!\d{4}-\d{2}-\d{2})\+?\(?\d{1,4}\)?(?:[ .\-/]?\(?\d{2,}\)?){1,5}(?![\w-])")]
    private static partial Regex PhoneNumber();

    [GeneratedRegex(@"(\d)\s?%")]
    private static partial Regex Percent();

    [GeneratedRegex(@"#(\d)")]
    private static partial Regex HashNumber();

    [GeneratedRegex(@"(\d)\s?min\b\.?")]
    private static partial Regex Minutes();

    [GeneratedRegex(@"(\d)\s?km\b")]
    private static partial Regex Kilometres();

    // Only behind a capitalised word or an ordinal: "St. Mary" is a saint.
    [GeneratedRegex(@"((?:[A-Z][a-z]+|\d+(?:st|nd|rd|th)))\s(St|Ave|Rd|Blvd|Hwy|Ln|Apt|Sq)\b\.?(?!\s[A-Z][a-z]+\s(?:St|Ave|Rd))")]
    private static partial Regex StreetType();

    [GeneratedRegex(@"(?<!\w)[A-Z0-9]+(?:[-/_][A-Z0-9]+)*(?![\w])")]
    private static partial Regex Code();

    // Five digits and more, or a leading zero: said one by one. A thousands separator is a number's own.
    [GeneratedRegex(@"(?<![\w.,:])(?:\d{5,}|0\d+)(?![\w]|[.,]\d)")]
    private static partial Regex LongNumber();
}
