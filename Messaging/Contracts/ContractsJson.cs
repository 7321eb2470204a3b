using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.Messaging.Contracts;

/// <summary>Every message type. A type that is not listed here cannot be published; a test compares this list with the assembly.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IncidentReported))]
[JsonSerializable(typeof(IncidentChanged))]
[JsonSerializable(typeof(IncidentWithdrawn))]
[JsonSerializable(typeof(IncidentSwept))]
[JsonSerializable(typeof(TimerDue))]
[JsonSerializable(typeof(DeadLettered))]
[JsonSerializable(typeof(CallReceived))]
[JsonSerializable(typeof(CallPlaced))]
[JsonSerializable(typeof(CallRinging))]
[JsonSerializable(typeof(CallAnswered))]
[JsonSerializable(typeof(AnsweredBy))]
[JsonSerializable(typeof(CallEnded))]
[JsonSerializable(typeof(KeypadPressed))]
[JsonSerializable(typeof(MediaStarted))]
[JsonSerializable(typeof(MediaStopped))]
[JsonSerializable(typeof(ToolRequested))]
[JsonSerializable(typeof(ToolCancelled))]
[JsonSerializable(typeof(PlaceCall))]
[JsonSerializable(typeof(EndCall))]
[JsonSerializable(typeof(PrepareGreeting))]
[JsonSerializable(typeof(ToolResult))]
[JsonSerializable(typeof(SayNews))]
[JsonSerializable(typeof(LeaveVoicemail))]
[JsonSerializable(typeof(FinishCall))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(MessageStatusChanged))]
[JsonSerializable(typeof(MessageReceived))]
[JsonSerializable(typeof(UpdateTicket))]
[JsonSerializable(typeof(AddTicketNote))]
[JsonSerializable(typeof(TicketTouched))]
[JsonSerializable(typeof(AuditEntry))]
public sealed partial class ContractsJson : JsonSerializerContext;
