using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.Messaging.Contracts;

/// <summary>An id of our own: 1 to 80 characters of a-z, A-Z, 0-9, '-', '_' and '.'; safe in a URL, a Redis key and a log.</summary>
public interface IOwnId<TSelf> where TSelf : struct, IOwnId<TSelf>
{
    string Value { get; }
    static abstract TSelf Parse(string text);
}

/// <summary>An incident, for example fd-4711: the ticket system's prefix and the ticket's number, so that a wiped Redis gives the same ids again.</summary>
[JsonConverter(typeof(OwnIdJsonConverter<IncidentId>))]
public readonly record struct IncidentId : IOwnId<IncidentId>
{
    readonly string? _value;
    IncidentId(string value) => _value = value;
    public string Value => _value ?? "";
    public static IncidentId Parse(string text) => new(OwnId.Checked(text, nameof(IncidentId)));
    public static IncidentId OfTicket(long ticketId) => new($"fd-{ticketId}");
    public override string ToString() => Value;
}

/// <summary>
/// One phone call: its root, a dot and a number, for example fd-4711.2, the second call of incident fd-4711. The root of a call
/// without an incident is an id of its own (in-CA12ab.1). The root picks the partition, so nobody needs a look-up for that.
/// </summary>
[JsonConverter(typeof(OwnIdJsonConverter<CallId>))]
public readonly record struct CallId : IOwnId<CallId>
{
    readonly string? _value;
    CallId(string value) => _value = value;
    public string Value => _value ?? "";
    public string Root => Value.LastIndexOf('.') is > 0 and var dot ? Value[..dot] : Value;
    public static CallId Parse(string text) => new(OwnId.Checked(text, nameof(CallId)));
    public static bool TryParse([NotNullWhen(true)] string? text, out CallId call)
    {
        call = OwnId.IsValid(text) ? new CallId(text) : default;
        return call != default;
    }

    public static CallId Of(IncidentId incident, int number) => new($"{incident}.{number}");
    public static CallId Inbound(string callSid) => new($"in-{callSid}.1");

    /// <summary>The root of a call that came in and is about no incident.</summary>
    public static bool IsInboundRoot(string root) => root.StartsWith("in-", StringComparison.Ordinal);
    public override string ToString() => Value;
}

/// <summary>One text message of ours, for example fd-4711.m3.</summary>
[JsonConverter(typeof(OwnIdJsonConverter<MessageId>))]
public readonly record struct MessageId : IOwnId<MessageId>
{
    readonly string? _value;
    MessageId(string value) => _value = value;
    public string Value => _value ?? "";
    public string Root => Value.LastIndexOf('.') is > 0 and var dot ? Value[..dot] : Value;
    public static MessageId Parse(string text) => new(OwnId.Checked(text, nameof(MessageId)));
    public static MessageId Of(IncidentId incident, int number) => new($"{incident}.m{number}");
    public override string ToString() => Value;
}

static class OwnId
{
    public static bool IsValid([NotNullWhen(true)] string? text) =>
        text is { Length: >= 1 and <= 80 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    public static string Checked(string? text, string name) =>
        IsValid(text) ? text : throw new FormatException($"{name} '{text}' must be 1 to 80 characters of a-z, A-Z, 0-9, '-', '_' and '.', for example fd-4711.1.");
}

sealed class OwnIdJsonConverter<TId> : JsonConverter<TId> where TId : struct, IOwnId<TId>
{
    public override TId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return TId.Parse(reader.GetString() ?? "");
        }
        catch (FormatException error)
        {
            throw new JsonException(error.Message, error);
        }
    }

    public override void Write(Utf8JsonWriter writer, TId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
