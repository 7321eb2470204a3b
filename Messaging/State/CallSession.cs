using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.State;

/// <summary>
/// Everything a bridge or TelephonyApi needs to hold a call with no worker alive. Written once by AgentWorker, before PlaceCall,
/// as field `session` of cm:call:{id}.
/// </summary>
/// <param name="Greeting">Says who is calling and nothing of the incident: what may be said before a person has spoken.</param>
/// <param name="VoicemailText">The call-back text for an answering machine; nothing of the incident.</param>
/// <param name="KeypadText">The incident in a few sentences, for keypad mode.</param>
/// <param name="Goodbye">Said before the call is ended for silence or its longest duration.</param>
public sealed record CallSession(
    CallId Call,
    IncidentId? Incident,
    string Direction,
    PhoneNumber To,
    string Flow,
    string Engine,
    string Language,
    string Voice,
    string Model,
    string Prompt,
    string Greeting,
    string VoicemailText,
    string KeypadText,
    string Goodbye,
    IReadOnlyList<ToolDefinition> Tools,
    IReadOnlyList<string> Keyterms,
    CallLimits Limits);

/// <param name="Parameters">JSON schema of the arguments.</param>
/// <param name="HasEffect">Runs only once the end of the caller's turn is confirmed (defer_until_eot).</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters, bool HasEffect);

/// <param name="MaxSeconds">Longest conversation; default 900.</param>
/// <param name="SilenceSeconds">Silence at the phone before a prompt; default 30.</param>
/// <param name="SilencePrompts">Said one after the other; after the last one the call ends with the goodbye. Default three.</param>
/// <param name="GoodbyePhrases">When the agent says one of these as whole words, the call ends after its last word.</param>
public sealed record CallLimits(int MaxSeconds, int SilenceSeconds, IReadOnlyList<string> SilencePrompts, IReadOnlyList<string> GoodbyePhrases);

public enum Speaker { Agent, Responder }

/// <summary>One turn of a conversation. Text of the agent is what was heard at the phone, cut where it was interrupted.</summary>
/// <param name="Interrupted">The responder spoke before the end; Text ends where they did.</param>
public sealed record Turn(DateTimeOffset At, Speaker Speaker, string Text, bool Interrupted = false);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallSession))]
[JsonSerializable(typeof(Turn))]
[JsonSerializable(typeof(IncidentState))]
[JsonSerializable(typeof(BridgeInfo))]
[JsonSerializable(typeof(StreamToken))]
public sealed partial class StateJson : JsonSerializerContext;

/// <summary>A live bridge, in cm:bridge:{id} (3 s, renewed each second).</summary>
/// <param name="Url">Its own public WebSocket URL, for example wss://media.example.org/media.</param>
/// <param name="Free">Places left; 0 while it drains.</param>
public sealed record BridgeInfo(string Id, string Url, int Free);

/// <summary>What a stream's token stands for, in cm:token:{token} (60 s, spent once with GETDEL).</summary>
/// <param name="Signatures">X-Twilio-Signature values the handshake may carry, computed by TelephonyApi, which alone has Twilio's key; the bridge compares.</param>
public sealed record StreamToken(CallId Call, IReadOnlyList<string> Signatures);
