using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>Text, whatever it is written as: one oddly typed field must not make a ticket unreadable.</summary>
sealed class LooseText : JsonConverter<string?>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.String)
        {
            return TextOf(ref reader);
        }

        using var value = JsonDocument.ParseValue(ref reader);
        return value.RootElement.ValueKind == JsonValueKind.Null ? null : value.RootElement.GetRawText();
    }

    /// <summary>Half a surrogate pair (an emoji that was cut) is valid JSON and no text: then as it is written, for no incident is lost for a letter.</summary>
    static string TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.HasValueSequence ? System.Buffers.BuffersExtensions.ToArray(reader.ValueSequence) : reader.ValueSpan);
        }
    }

    public override void Write(Utf8JsonWriter writer, string? value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>A whole number, a number in quotes, or nothing.</summary>
sealed class LooseNumber : JsonConverter<int?>
{
    static readonly LooseText Text = new();

    public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        int.TryParse(Text.Read(ref reader, typeof(string), options), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, options);
}

/// <summary>True only where it says so.</summary>
sealed class LooseFlag : JsonConverter<bool>
{
    static readonly LooseText Text = new();

    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        string.Equals(Text.Read(ref reader, typeof(string), options), "true", StringComparison.OrdinalIgnoreCase);

    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);
}

/// <summary>2026-03-01T09:15:00Z, with or without seconds and zone; nothing where it is not a time.</summary>
sealed class LooseTime : JsonConverter<DateTimeOffset?>
{
    static readonly LooseText Text = new();

    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.TryParse(Text.Read(ref reader, typeof(string), options), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;

    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options) => writer.WriteStringValue(value?.ToString("O", CultureInfo.InvariantCulture));
}
