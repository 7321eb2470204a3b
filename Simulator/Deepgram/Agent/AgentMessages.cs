using System.Text;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The server's messages of the Voice Agent protocol, each with a sample.</summary>
static class AgentMessages
{
    public static readonly byte[] SettingsApplied = Bare("SettingsApplied");
    public static readonly byte[] PromptUpdated = Bare("PromptUpdated");
    public static readonly byte[] SpeakUpdated = Bare("SpeakUpdated");
    public static readonly byte[] ThinkUpdated = Bare("ThinkUpdated");
    public static readonly byte[] ListenUpdated = Bare("ListenUpdated");
    public static readonly byte[] UserStartedSpeaking = Bare("UserStartedSpeaking");
    public static readonly byte[] AgentAudioDone = Bare("AgentAudioDone");

    /// <summary><c>{"type":"Welcome","request_id":"5f1f..."}</c></summary>
    public static byte[] Welcome(string requestId) => Make(new() { ["type"] = "Welcome", ["request_id"] = requestId });

    /// <summary><c>{"type":"ConversationText","role":"user","content":"Yes."}</c></summary>
    public static byte[] ConversationText(string role, string content) =>
        Make(new() { ["type"] = "ConversationText", ["role"] = role, ["content"] = content });

    public static byte[] History(string role, string content) => Make(new() { ["type"] = "History", ["role"] = role, ["content"] = content });

    public static byte[] History(PendingCall call, string response) => Make(new()
    {
        ["type"] = "History",
        ["function_calls"] = new JsonArray(new JsonObject
        {
            ["id"] = call.Id, ["name"] = call.Name, ["client_side"] = true, ["arguments"] = call.Arguments, ["response"] = response,
        }),
    });

    public static byte[] AgentThinking(string content) => Make(new() { ["type"] = "AgentThinking", ["content"] = content });

    /// <summary><c>{"type":"AgentStartedSpeaking","total_latency":0.3,"tts_latency":0.1,"ttt_latency":0.2}</c>, in seconds.</summary>
    public static byte[] AgentStartedSpeaking(TimeSpan total, TimeSpan speech, TimeSpan thought) => Make(new()
    {
        ["type"] = "AgentStartedSpeaking", ["total_latency"] = Seconds(total), ["tts_latency"] = Seconds(speech), ["ttt_latency"] = Seconds(thought),
    });

    /// <summary><c>{"type":"LatencyReport","ttt_text_latency":0.2}</c>: one event per metric.</summary>
    public static byte[] LatencyReport(string metric, TimeSpan latency) => Make(new() { ["type"] = "LatencyReport", [metric] = Seconds(latency) });

    /// <summary><c>{"type":"FunctionCallRequest","functions":[{"id":"call_1","name":"accept_incident","arguments":"{}","client_side":true}]}</c></summary>
    public static byte[] FunctionCallRequest(IEnumerable<PendingCall> calls) => Make(new()
    {
        ["type"] = "FunctionCallRequest", ["functions"] = Functions(calls),
    });

    /// <summary><c>{"type":"FunctionCallCancelled","functions":[{"id":"call_1","name":"accept_incident"}]}</c></summary>
    public static byte[] FunctionCallCancelled(IEnumerable<PendingCall> calls) => Make(new()
    {
        ["type"] = "FunctionCallCancelled",
        ["functions"] = new JsonArray([.. calls.Select(c => (JsonNode)new JsonObject { ["id"] = c.Id, ["name"] = c.Name })]),
    });

    public static byte[] InjectionRefused(string message) => Make(new() { ["type"] = "InjectionRefused", ["message"] = message });

    public static byte[] Error(string code, string description) =>
        Make(new() { ["type"] = "Error", ["code"] = code, ["description"] = description });

    public static byte[] Warning(string code, string description) =>
        Make(new() { ["type"] = "Warning", ["code"] = code, ["description"] = description });

    static JsonArray Functions(IEnumerable<PendingCall> calls) =>
    [
        .. calls.Select(c => (JsonNode)new JsonObject
        {
            ["id"] = c.Id, ["name"] = c.Name, ["arguments"] = c.Arguments, ["client_side"] = true,
        }),
    ];

    static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);

    static byte[] Bare(string type) => Make(new() { ["type"] = type });

    static byte[] Make(JsonObject message) => Encoding.UTF8.GetBytes(message.ToJsonString());
}

/// <summary>A function call that the client was asked to run.</summary>
sealed record PendingCall(string Id, string Name, string Arguments, bool Deferred)
{
    public string? Response { get; init; }
}
