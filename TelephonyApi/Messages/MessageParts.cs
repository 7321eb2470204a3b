using System.Text;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>One request to Twilio: its form fields beside the status callback.</summary>
sealed record MessagePart(IReadOnlyList<KeyValuePair<string, string>> Fields);

/// <summary>Makes Twilio's messages out of ours.</summary>
static class MessageParts
{
    /// <summary>Twilio's limit for a body.</summary>
    public const int LongestBody = 1600;

    /// <summary>Free text inside the 24-hour window: one picture per message, the text with the first.</summary>
    public static IReadOnlyList<MessagePart> WhatsApp(SendMessage message, string from, IReadOnlyList<string> links)
    {
        List<KeyValuePair<string, string>> Address() => [new("From", $"whatsapp:{from}"), new("To", $"whatsapp:{message.To}")];
        var first = links.Take(1).Select(link => KeyValuePair.Create("MediaUrl", link));
        List<MessagePart> parts = [new([.. Address(), new("Body", Cut(message.Body, LongestBody)), .. first])];
        parts.AddRange(links.Skip(1).Select(link => new MessagePart([.. Address(), new("MediaUrl", link)])));
        return parts;
    }

    /// <summary>The approved template that opens a conversation; it takes neither text nor pictures.</summary>
    public static IReadOnlyList<MessagePart> Template(SendMessage message, string from, string templateSid) =>
    [
        new(
        [
            new("From", $"whatsapp:{from}"), new("To", $"whatsapp:{message.To}"), new("ContentSid", templateSid),
            new("ContentVariables", Variables(message.TemplateVariables ?? [])),
        ]),
    ];

    /// <summary>Links stand in the text; what does not fit is cut from the text first, and links that do not fit are counted.</summary>
    public static IReadOnlyList<MessagePart> Sms(SendMessage message, string from, IReadOnlyList<string> links) =>
        [new([new("From", from), new("To", message.To.Value), new("Body", SmsBody(message.Body, links))])];

    public static string SmsBody(string text, IReadOnlyList<string> links)
    {
        // Room for a sentence of text is kept, however many links there are.
        const int TextAtLeast = 300;
        var tail = new StringBuilder();
        var left = links.Count;
        foreach (var link in links)
        {
            if (tail.Length + link.Length + 1 > LongestBody - TextAtLeast)
            {
                break;
            }

            tail.Append('\n').Append(link);
            left--;
        }

        if (left > 0)
        {
            tail.Append(System.Globalization.CultureInfo.InvariantCulture, $"\n(+{left} more)");
        }

        return Cut(text, LongestBody - tail.Length) + tail;
    }

    /// <summary>What the carrier counts and bills: 160 or 153 characters of GSM-7, 70 or 67 of anything else.</summary>
    public static int Segments(string body)
    {
        var extended = body.Count(c => "^{}\\[~]|€\f".Contains(c, StringComparison.Ordinal));
        var gsm = body.All(c => Gsm7.Contains(c, StringComparison.Ordinal) || "^{}\\[~]|€\f".Contains(c, StringComparison.Ordinal));
        var (length, single, many) = gsm ? (body.Length + extended, 160, 153) : (body.Length, 70, 67);
        return length <= single ? 1 : (length + many - 1) / many;
    }

    /// <summary>{"1":"...","2":"..."}; WhatsApp refuses line breaks, tabs, runs of spaces and empty values.</summary>
    static string Variables(IReadOnlyList<string> values)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < values.Count; i++)
            {
                var value = string.Join(' ', values[i].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                json.WriteString($"{i + 1}", value.Length == 0 ? "-" : Cut(value, 1000));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    static string Cut(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return text;
        }

        var end = Math.Max(0, longest - 1);
        return (end > 0 && char.IsHighSurrogate(text[end - 1]) ? text[..(end - 1)] : text[..end]) + "…";
    }

    const string Gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
}
