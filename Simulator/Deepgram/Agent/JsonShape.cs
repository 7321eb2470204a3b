using System.Text.Json;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>A client message does not have the documented shape; the message names the field.</summary>
sealed class ShapeException(string path, string problem) : Exception($"{path}: {problem}");

/// <summary>An object of a client message with its path, for checks that name the field: <c>agent.think.provider.type</c>.</summary>
readonly struct JsonShape
{
    readonly JsonElement element;
    readonly string path;

    JsonShape(JsonElement element, string path)
    {
        this.element = element;
        this.path = path;
    }

    /// <summary>An object that has no other fields than the <paramref name="known"/> ones.</summary>
    public static JsonShape Of(JsonElement element, string path, params ReadOnlySpan<string> known)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new ShapeException(path, $"must be an object, not {element.ValueKind.ToString().ToLowerInvariant()}");
        }

        foreach (var property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw new ShapeException(Join(path, property.Name), "unknown field");
            }
        }

        return new JsonShape(element, path);
    }

    public string PathOf(string name) => Join(path, name);

    public JsonElement? Optional(string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public JsonElement Required(string name) => Optional(name) ?? throw new ShapeException(PathOf(name), "missing field");

    public string? OptionalString(string name) => Optional(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        _ => throw new ShapeException(PathOf(name), "must be a string"),
    };

    public string RequiredString(string name)
    {
        Required(name);
        return OptionalString(name)!;
    }

    public string RequiredOneOf(string name, params ReadOnlySpan<string> allowed)
    {
        var value = RequiredString(name);
        return allowed.Contains(value) ? value : throw new ShapeException(PathOf(name), $"unknown variant `{value}`, expected one of {string.Join(", ", allowed.ToArray())}");
    }

    public bool Flag(string name, bool otherwise) => Optional(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw new ShapeException(PathOf(name), "must be true or false"),
    };

    public double? Number(string name) => Optional(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        _ => throw new ShapeException(PathOf(name), "must be a number"),
    };

    public IEnumerable<(JsonElement Element, string Path)> List(string name)
    {
        if (Optional(name) is not { } list)
        {
            return [];
        }

        var at = PathOf(name);
        return list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((e, i) => (e, $"{at}[{i}]"))
            : throw new ShapeException(at, "must be an array");
    }

    public List<string> Strings(string name) =>
        [.. List(name).Select(e => e.Element.ValueKind == JsonValueKind.String ? e.Element.GetString()! : throw new ShapeException(e.Path, "must be a string"))];

    static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
