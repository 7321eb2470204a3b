using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.Simulator.Twilio;

namespace CityMonitor.Simulator.Control;

sealed record HealthAnswer(string Status);

sealed record ProblemAnswer(string Error);

sealed record TimelineAnswer(long Last, IReadOnlyList<Happening> Events);

/// <summary>Enums as <c>next-verb</c>, not as numbers.</summary>
sealed class KebabEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower)
    where T : struct, Enum;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KebabEnum<SocketLoss>), typeof(KebabEnum<CallbackDelivery>)])]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ReadyAnswer))]
[JsonSerializable(typeof(AudioClockAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(TimelineAnswer))]
[JsonSerializable(typeof(Happening))]
[JsonSerializable(typeof(PhoneAnswer[]))]
[JsonSerializable(typeof(MessageAnswer[]))]
[JsonSerializable(typeof(TicketAnswer[]))]
[JsonSerializable(typeof(IncidentRequest))]
[JsonSerializable(typeof(InboundCall))]
[JsonSerializable(typeof(InboundMessage))]
[JsonSerializable(typeof(SidAnswer))]
[JsonSerializable(typeof(TwilioBehaviour))]
sealed partial class ControlJson : JsonSerializerContext;
