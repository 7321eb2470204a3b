using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.Messaging.Contracts;

/// <summary>A phone number in E.164: '+', a country code that does not start with 0, 8 to 15 digits in all, for example +12025550123.</summary>
[JsonConverter(typeof(PhoneNumberJsonConverter))]
public readonly record struct PhoneNumber
{
    public const string Rule = "a phone number in E.164 form: '+' and 8 to 15 digits, the first not 0, for example +12025550123";

    readonly string? _value;

    PhoneNumber(string value) => _value = value;

    public string Value => _value ?? "";

    /// <summary>The number with all but its last two digits hidden, as it may stand in a log.</summary>
    public string Masked => Value.Length < 5 ? "***" : string.Concat(Value.AsSpan(0, 2), new string('*', Value.Length - 4), Value.AsSpan(Value.Length - 2));

    public static PhoneNumber Parse(string text) =>
        TryParse(text, out var number) ? number : throw new FormatException($"'{text}' is not {Rule}.");

    /// <summary>Accepts E.164 only. Written forms (spaces, a missing '+') are the ticket parser's and the tools' business.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PhoneNumber number)
    {
        number = default;
        if (text is not { Length: >= 9 and <= 16 } || text[0] != '+' || text[1] is < '1' or > '9' || text.AsSpan(1).ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        number = new PhoneNumber(text);
        return true;
    }

    public override string ToString() => Value;
}

sealed class PhoneNumberJsonConverter : JsonConverter<PhoneNumber>
{
    public override PhoneNumber Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        PhoneNumber.TryParse(reader.GetString(), out var number) ? number : throw new JsonException($"Not {PhoneNumber.Rule}.");

    public override void Write(Utf8JsonWriter writer, PhoneNumber value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
