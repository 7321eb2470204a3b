using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace CityMonitor.Simulator.Phones;

/// <summary>A script that cannot be used, with what is wrong and where.</summary>
sealed class PhoneScriptException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads phone scripts. JSON is read too: it is YAML.</summary>
static partial class PhoneScriptReader
{
    static readonly IDeserializer Yaml = new DeserializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .WithTypeConverter(new DurationConverter())
        .WithTypeConverter(new PickUpConverter())
        .Build();

    public static PhoneScript Read(string text, string? number = null)
    {
        PhoneScript? script;
        try
        {
            script = Yaml.Deserialize<PhoneScript>(text);
        }
        catch (YamlException e)
        {
            throw new PhoneScriptException($"Line {e.Start.Line}: {e.InnerException?.Message ?? e.Message}", e);
        }

        script ??= new PhoneScript();
        script.Number = number ?? script.Number;
        return Problem(script) is { } problem ? throw new PhoneScriptException(problem) : script;
    }

    static string? Problem(PhoneScript script)
    {
        if (script.Number != "*" && !E164().IsMatch(script.Number))
        {
            return $"number must be E.164, for example \"+12025550123\", or \"*\"; it is \"{script.Number}\".";
        }

        foreach (var pattern in script.Lines.Select(line => line.On).Concat(script.Messaging.Replies.Select(reply => reply.On)))
        {
            try
            {
                _ = Regex.Match("", pattern ?? "");
            }
            catch (ArgumentException e)
            {
                return $"on: \"{pattern}\" is not a regular expression: {e.Message}";
            }
        }

        foreach (var line in script.Lines)
        {
            if (line.Press?.Any(key => !"0123456789*#ABCDw".Contains(key)) is true)
            {
                return $"press: \"{line.Press}\" may hold 0-9 * # A-D and w, for example \"1w#\".";
            }
        }

        return null;
    }

    [GeneratedRegex(@"^\+[1-9]\d{6,14}$")]
    public static partial Regex E164();

    public static TimeSpan ParseDuration(string text)
    {
        var (number, scale) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1.0)
            : text.EndsWith('s') ? (text[..^1], 1000.0)
            : text.EndsWith('m') ? (text[..^1], 60_000.0)
            : text.EndsWith('h') ? (text[..^1], 3_600_000.0)
            : (text, 1000.0);
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? TimeSpan.FromMilliseconds(value * scale)
            : throw new FormatException($"\"{text}\" is not a duration; write 2s, 400ms or 1m.");
    }

    sealed class DurationConverter : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type == typeof(TimeSpan) || type == typeof(TimeSpan?);

        public object? ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
        {
            var text = parser.Consume<Scalar>().Value;
            return type == typeof(TimeSpan?) && text is "" or "null" or "~" ? null : ParseDuration(text);
        }

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
            emitter.Emit(new Scalar(value is TimeSpan span ? $"{span.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)}ms" : "null"));
    }

    sealed class PickUpConverter : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type == typeof(PickUp);

        public object? ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
        {
            var text = parser.Consume<Scalar>().Value;
            return Enum.TryParse<PickUp>(text.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal), true, out var value)
                ? value
                : throw new FormatException($"\"{text}\" is none of person, voicemail, screening, busy, no-answer, failed.");
        }

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
            emitter.Emit(new Scalar(((PickUp)value!).ToString()));
    }
}
