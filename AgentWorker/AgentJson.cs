using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.AgentWorker.Status;
using CityMonitor.AgentWorker.Talk;

namespace CityMonitor.AgentWorker;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, object?>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(TalkState))]
sealed partial class AgentJson : JsonSerializerContext
{
    /// <summary>For models: letters of every script as they are, since escapes cost tokens and are read out wrongly.</summary>
    public static readonly AgentJson Relaxed = new(new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
