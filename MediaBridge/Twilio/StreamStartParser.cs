using System.Text.Json;

namespace CityMonitor.MediaBridge.Twilio;

/// <summary>Reads the one start message of a stream.</summary>
/// <remarks>
/// <code>
/// {"event":"start","sequenceNumber":"1","start":{"accountSid":"AC...","streamSid":"MZ18...","callSid":"CA...","tracks":["inbound"],
///  "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"q1w2..."}},"streamSid":"MZ18..."}
/// </code>
/// </remarks>
static class StreamStartParser
{
    const int LongestValue = 500;

    /// <summary>Null with the reason in <paramref name="problem"/> where the message cannot be used.</summary>
    public static StreamStart? Parse(ReadOnlyMemory<byte> message, out string problem)
    {
        problem = "";
        try
        {
            using var document = JsonDocument.Parse(message);
            if (!document.RootElement.TryGetProperty("start", out var start) || start.ValueKind != JsonValueKind.Object)
            {
                problem = "start has no object 'start'";
                return null;
            }

            var format = start.TryGetProperty("mediaFormat", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
            var parsed = new StreamStart(
                Text(start, "streamSid") ?? Text(document.RootElement, "streamSid") ?? "",
                Text(start, "callSid") ?? "",
                Text(format, "encoding") ?? "",
                Number(format, "sampleRate"),
                Parameters(start));
            problem = parsed switch
            {
                { StreamSid: "" } => "start has no streamSid",
                { Encoding: not "audio/x-mulaw" } or { SampleRate: not 8000 } => "the stream is not audio/x-mulaw at 8000 Hz",
                _ => "",
            };
            return problem.Length == 0 ? parsed : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is no valid Unicode.
            problem = "start is not JSON";
            return null;
        }
    }

    static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: <= LongestValue } text
            ? text
            : null;

    // A number in Twilio's own messages; other senders write it as a string.
    static int Number(JsonElement element, string name) =>
        element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) ? 0
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : value.ValueKind == JsonValueKind.String && int.TryParse(value.GetString(), out number) ? number
        : 0;

    static Dictionary<string, string> Parameters(JsonElement start)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        if (start.TryGetProperty("customParameters", out var custom) && custom.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in custom.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.String)
                {
                    parameters[property.Name] = property.Value.GetString()!;
                }
            }
        }

        return parameters;
    }
}
