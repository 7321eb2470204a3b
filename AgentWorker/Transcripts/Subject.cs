using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>A person by their phone number, and how the number is found in texts: however it is grouped, with or without its country code.</summary>
sealed class Subject
{
    public const string Erased = "[erased]";

    /// <summary>Stands where a number has to stand and the person's must not: in a country code that nobody has.</summary>
    public static readonly PhoneNumber Nobody = PhoneNumber.Parse("+999000000000");

    /// <summary>So many of the last digits tell one number from all others.</summary>
    const int TellingDigits = 10;

    const string Between = @"[\s.,()\-]{0,3}";

    readonly Regex _pattern;

    public Subject(PhoneNumber number)
    {
        Number = number;
        var digits = number.Value[1..];
        var forms = new List<string> { $@"(?:(?:\+|\\u002B|00){Between})?{Spaced(digits)}" };
        if (digits.Length > TellingDigits)
        {
            forms.Add(Spaced(digits[^TellingDigits..]));
        }

        // Nationally a zero stands for the country code, of one to three digits.
        forms.AddRange(Enumerable.Range(1, 3).Select(code => $"0{Between}{Spaced(digits[code..])}"));
        var pattern = $@"(?<!\d)(?:{string.Join('|', forms)})(?!\d)";
        _pattern = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(2));
    }

    public PhoneNumber Number { get; }

    static string Spaced(string digits) => string.Join(Between, digits.ToCharArray());

    public bool IsIn(string? text) => text is not null && _pattern.IsMatch(text);

    public string Without(string text) => _pattern.Replace(text, Erased);

    public PhoneNumber? Without(PhoneNumber? number) => number == Number ? null : number;
}
