using System.Globalization;
using System.Text.Json;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>
/// The model's arguments, read field by field. A wrong one does not throw: it is remembered with the field, the rule and an example, so
/// that the answer helps the model to ask again. Unknown fields are ignored.
/// </summary>
sealed class ToolArguments(JsonElement root)
{
    const int LongestJson = 8 * 1024;
    const int LongestText = 200;

    readonly List<string> _problems = [];

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Null with an error where the text is no JSON object or is too long.</summary>
    public static ToolArguments? Parse(string? json, out string error)
    {
        error = "";
        if (string.IsNullOrWhiteSpace(json))
        {
            json = "{}";
        }

        if (json.Length > LongestJson)
        {
            error = $"The arguments are too long ({json.Length} characters); at most {LongestJson} are allowed. Send only the fields of this tool, each short.";
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object && IsReadable(document.RootElement))
            {
                return new ToolArguments(document.RootElement.Clone());
            }
        }
        catch (JsonException)
        {
            // The model wrote something else; it is told below what is expected.
        }

        error = "The arguments must be one JSON object, for example {\"name\": \"Officer Lee\"}.";
        return null;
    }

    /// <summary>Half a surrogate pair ("\ud800") is valid JSON and no text.</summary>
    static bool IsReadable(JsonElement root)
    {
        try
        {
            foreach (var property in root.EnumerateObject())
            {
                _ = property.Name;
                _ = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public void Problem(string field, string rule, string example) => _problems.Add($"{field} {rule}, for example {example}.");

    public string? Text(string field, string example, int longest = LongestText)
    {
        if (!Find(field, out var value))
        {
            return null;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
        if (text is null)
        {
            Problem(field, "must be a text", $"\"{example}\"");
            return null;
        }

        if (text.Length > longest)
        {
            Problem(field, $"must be at most {longest} characters", $"\"{example}\"");
            return null;
        }

        return Dispatch.Spoken.Clean(text, longest);
    }

    public int? Number(string field, int least, int most, int example)
    {
        if (!Find(field, out var value))
        {
            return null;
        }

        double number = double.NaN;
        var isNumber = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out number),
            JsonValueKind.String => double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        if (isNumber && number >= least && number <= most)
        {
            return (int)Math.Round(number, MidpointRounding.AwayFromZero);
        }

        Problem(field, $"must be a whole number from {least} to {most}", example.ToString(CultureInfo.InvariantCulture));
        return null;
    }

    public bool? Flag(string field)
    {
        if (!Find(field, out var value))
        {
            return null;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.String when bool.TryParse(value.GetString(), out var flag):
                return flag;
            default:
                Problem(field, "must be true or false", "true");
                return null;
        }
    }

    bool Find(string field, out JsonElement value) =>
        root.TryGetProperty(field, out value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) &&
        !(value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(value.GetString()));
}
