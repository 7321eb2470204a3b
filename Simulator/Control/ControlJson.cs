using System.Text.Json.Serialization;

namespace CityMonitor.Simulator.Control;

sealed record HealthAnswer(string Status);

sealed record ProblemAnswer(string Error);

sealed record TimelineAnswer(long Last, IReadOnlyList<Happening> Events);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(TimelineAnswer))]
[JsonSerializable(typeof(Happening))]
sealed partial class ControlJson : JsonSerializerContext;
