using System.Collections.Immutable;
using System.Text.Json;
using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The prompt and the functions; and the checks of the listen and speak settings, of which hardly anything is kept.</summary>
sealed record ThinkSettings(string Prompt, ImmutableArray<MindTool> Functions)
{
    public IReadOnlyDictionary<string, MindTool> ByName => Functions.ToDictionary(f => f.Name);

    /// <summary>One provider, or an array of them in the order of fallback: the first counts.</summary>
    public static ThinkSettings Read(JsonElement think, string path)
    {
        var all = OneOrMore(think, path).Select(one => ReadOne(one.Element, one.Path)).ToList();
        return all[0];
    }

    /// <summary>Whether it is Flux that listens.</summary>
    public static bool ReadListen(JsonElement listen, string path)
    {
        var shape = JsonShape.Of(listen, path, "provider");
        var at = shape.PathOf("provider");
        var provider = JsonShape.Of(
            shape.Required("provider"), at, "type", "version", "model", "language", "keyterms", "smart_format", "language_hints",
            "eot_threshold", "eager_eot_threshold", "eot_timeout_ms");
        provider.RequiredOneOf("type", "deepgram");
        if (provider.OptionalString("version") is not (null or "v1" or "v2"))
        {
            throw new ShapeException($"{at}.version", "must be v1 or v2");
        }

        var flux = provider.OptionalString("model")?.StartsWith("flux", StringComparison.Ordinal) == true;
        if (flux != (provider.OptionalString("version") == "v2"))
        {
            throw new ShapeException($"{at}.model", "flux models need version v2, and version v2 a flux model");
        }

        provider.Strings("keyterms");
        provider.Strings("language_hints");
        provider.Flag("smart_format", false);
        if (provider.Number("eot_threshold") is < 0.5 or > 1)
        {
            throw new ShapeException($"{at}.eot_threshold", "must be between 0.5 and 1");
        }

        return flux;
    }

    public static void ReadSpeak(JsonElement speak, string path)
    {
        foreach (var (element, at) in OneOrMore(speak, path))
        {
            var shape = JsonShape.Of(element, at, "provider", "endpoint");
            var provider = shape.Required("provider");
            if (provider.ValueKind != JsonValueKind.Object || !provider.TryGetProperty("type", out var type))
            {
                throw new ShapeException($"{at}.provider.type", "missing field");
            }

            var needed = type.ToString() switch
            {
                "deepgram" => "model",
                "eleven_labs" or "cartesia" => "model_id",
                "open_ai" => "voice",
                "aws_polly" => "voice",
                _ => throw new ShapeException($"{at}.provider.type", $"unknown variant `{type}`, expected one of deepgram, eleven_labs, cartesia, open_ai, aws_polly"),
            };
            if (!provider.TryGetProperty(needed, out _))
            {
                throw new ShapeException($"{at}.provider.{needed}", "missing field");
            }

            if (type.ToString() != "deepgram" && shape.Optional("endpoint") is null)
            {
                throw new ShapeException($"{at}.endpoint", "missing field: only Deepgram's own voices need none");
            }
        }
    }

    static ThinkSettings ReadOne(JsonElement think, string path)
    {
        var shape = JsonShape.Of(think, path, "provider", "endpoint", "prompt", "context_length", "functions");
        var provider = JsonShape.Of(
            shape.Required("provider"), $"{path}.provider", "type", "model", "temperature", "version", "reasoning_mode", "credentials");
        provider.RequiredOneOf("type", "open_ai", "anthropic", "google", "groq", "aws_bedrock", "deepgram");
        provider.RequiredString("model");
        provider.Number("temperature");
        if (shape.Optional("context_length") is not null && shape.Optional("endpoint") is null)
        {
            throw new ShapeException($"{path}.context_length", "only with a custom endpoint");
        }

        var functions = shape.List("functions").Select(f => ReadFunction(f.Element, f.Path)).ToImmutableArray();
        if (functions.GroupBy(f => f.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ShapeException($"{path}.functions", $"'{twice.Key}' is there twice");
        }

        return new ThinkSettings(shape.OptionalString("prompt") ?? "", functions);
    }

    static MindTool ReadFunction(JsonElement function, string path)
    {
        var shape = JsonShape.Of(function, path, "name", "description", "parameters", "endpoint", "defer_until_eot");
        var name = shape.RequiredString("name");
        if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            throw new ShapeException($"{path}.name", "must be 1 to 64 letters, digits, underscores or dashes");
        }

        shape.OptionalString("description");
        var parameters = shape.Optional("parameters");
        if (parameters is { ValueKind: not JsonValueKind.Object })
        {
            throw new ShapeException($"{path}.parameters", "must be a JSON schema");
        }

        return new MindTool(name, parameters?.Clone(), shape.Optional("endpoint") is null, shape.Flag("defer_until_eot", false));
    }

    static List<(JsonElement Element, string Path)> OneOrMore(JsonElement given, string path)
    {
        if (given.ValueKind != JsonValueKind.Array)
        {
            return [(given, path)];
        }

        return given.GetArrayLength() == 0
            ? throw new ShapeException(path, "must not be empty")
            : [.. given.EnumerateArray().Select((e, i) => (e, $"{path}[{i}]"))];
    }
}
