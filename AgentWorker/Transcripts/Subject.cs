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

    readonly Regex _pattern;

    public Subject(PhoneNumber number)
    {
        Number = number;
        var digits = number.Value[1..];
        // Shorter national numbers begin with a zero where the country code is left out.
        var (code, telling) = digits.Length > TellingDigits ? (digits[..^TellingDigits], digits[^TellingDigits..]) : (digits[..1], digits[1..]);
        const string Between = @"[\s.,()\-]{0,3}";
        var pattern = $@"(?<!\d)(?:(?:\+|\\u002B|00)?{Between}{string.Join(Between, code.ToCharArray())}{Between})?0?{string.Join(Between, telling.ToCharArray())}(?!\d)";
        _pattern = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(2));
    }

    public PhoneNumber Number { get; }

    public bool IsIn(string? text) => text is not null && _pattern.IsMatch(text);

    public string Without(string text) => _pattern.Replace(text, Erased);

    public PhoneNumber? Without(PhoneNumber? number) => number == Number ? null : number;
}
