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
/// <param name="Direction">outbound, or inbound; <paramref name="To"/> is the number on the other side either way (of a caller who hides it: our own).</param>
/// <param name="TransferTo">The person to whom this call may be put through; null for nobody.</param>
/// <param name="Speech">For the engine `cascade`: whose ears and voices; null takes the bridge's own (section Cascade).</param>
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
    CallLimits Limits,
    SpeechChoice? Speech = null,
    PhoneNumber? TransferTo = null);

/// <summary>Whose ears and voices a call of the cascade engine has, in the order of preference.</summary>
/// <param name="Ears">Speech-to-text: deepgram, flux, elevenlabs, elevenlabs-batch. The next one stands in where one fails; empty takes the bridge's own order.</param>
/// <param name="Voices">The first one speaks, the next one stands in, also in mid-sentence; empty takes the session's Voice, then the bridge's stand-in.</param>
/// <param name="Sensitivity">high: any word of the caller interrupts the agent; low: not before the fourth one, and no "mhm" or "right". Default high.</param>
public sealed record SpeechChoice(IReadOnlyList<string> Ears, IReadOnlyList<VoiceChoice> Voices, string Sensitivity = "high");

/// <param name="Vendor">deepgram or elevenlabs.</param>
/// <param name="Voice">Deepgram's model (aura-2-andromeda-en) or ElevenLabs' voice id.</param>
/// <param name="Model">ElevenLabs' model; null takes the bridge's own.</param>
/// <param name="Stability">ElevenLabs only, 0 to 1; null is the vendor's default, as for the other two.</param>
/// <param name="Similarity">ElevenLabs only, 0 to 1.</param>
/// <param name="Speed">1 is as the voice speaks; 0.7 to 1.2.</param>
public sealed record VoiceChoice(string Vendor, string Voice, string? Model = null, double? Stability = null, double? Similarity = null, double? Speed = null);

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
/// <param name="At">When it was over.</param>
/// <param name="Interrupted">The responder spoke before the end; Text ends where they did.</param>
public sealed record Turn(DateTimeOffset At, Speaker Speaker, string Text, bool Interrupted = false)
{
    /// <summary>When its first sound was heard; null where nobody knows.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How the responder said it.</summary>
    public TurnSource Source { get; init; }

    /// <summary>What the agent's answer waited for; null for a turn that answers nothing.</summary>
    public TurnTimings? Timings { get; init; }
}

/// <summary>Where the time went between the responder's last sound and the agent's first, each in ms from that last sound; null where it was not seen.</summary>
/// <param name="TranscriptMs">The words were complete and the turn was known to be over.</param>
/// <param name="FirstTextMs">The first words of the answer were there.</param>
/// <param name="FirstAudioMs">The first audio of the answer was there.</param>
/// <param name="FirstFrameMs">The first frame of it had left for the phone.</param>
public sealed record TurnTimings(double? TranscriptMs, double? FirstTextMs, double? FirstAudioMs, double? FirstFrameMs);

/// <summary>What a call came to, for its record. Written in the step that decides it, together with <see cref="RecordCall"/>.</summary>
/// <param name="Direction">outbound or inbound.</param>
/// <param name="Number">The other end's; null where it is withheld.</param>
/// <param name="AskedAt">When the call was asked for, or came in.</param>
/// <param name="AnsweredAt">Null where nobody answered.</param>
/// <param name="Outcome">In one word, for example acknowledged or no-answer.</param>
/// <param name="Detail">In words, where there is more to say.</param>
public sealed record CallSummary(
    string Direction, PhoneNumber? Number, DateTimeOffset AskedAt, DateTimeOffset? AnsweredAt, DateTimeOffset EndedAt, string Outcome, string? Detail = null,
    IncidentId? Incident = null, long? TicketId = null);

/// <summary>One tool call of a conversation, in the list cm:call:{id}:tools.</summary>
/// <param name="Arguments">As the model wrote them, but for card numbers and secrets.</param>
/// <param name="Milliseconds">From the request to the answer.</param>
public sealed record ToolCallRecord(string Id, string Name, string Arguments, string Result, bool Succeeded, DateTimeOffset At, double Milliseconds);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallSession))]
[JsonSerializable(typeof(Turn))]
[JsonSerializable(typeof(CallSummary))]
[JsonSerializable(typeof(ToolCallRecord))]
[JsonSerializable(typeof(IncidentState))]
[JsonSerializable(typeof(ReceptionState))]
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
