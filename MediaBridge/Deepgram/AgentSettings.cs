using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>
/// Writes what we send to the voice agent, exactly as V1 wants it. Settings in short:
/// <code>
/// {"type":"Settings","flags":{"history":true},
///  "audio":{"input":{"encoding":"mulaw","sample_rate":8000},"output":{"encoding":"mulaw","sample_rate":8000,"container":"none"}},
///  "agent":{"context":{"messages":[{"type":"History","role":"assistant","content":"..."}]},
///   "listen":{"provider":{"type":"deepgram","version":"v1","model":"nova-3","language":"en","keyterms":["Sector 7"],"smart_format":true}},
///   "think":{"provider":{"type":"open_ai","model":"gpt-4o-mini"},"prompt":"...","functions":[{"name":"...","description":"...","parameters":{},"defer_until_eot":true}]},
///   "speak":{"provider":{"type":"deepgram","model":"aura-2-andromeda-en"}}}}
/// </code>
/// </summary>
static class AgentSettings
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Settings(CallSession session, IReadOnlyList<HistoryEntry> history, DeepgramOptions options) => Write(json =>
    {
        json.WriteString("type", "Settings");
        json.WriteStartObject("flags");
        json.WriteBoolean("history", true);
        json.WriteEndObject();
        json.WriteStartObject("audio");
        WriteFormat(json, "input");
        WriteFormat(json, "output");
        json.WriteEndObject();
        json.WriteStartObject("agent");
        WriteContext(json, history);
        WriteListen(json, session, options);
        WriteThink(json, session, options);
        json.WriteStartObject("speak");
        json.WriteStartObject("provider");
        json.WriteString("type", "deepgram");
        json.WriteString("model", session.Voice);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>Always queued: the other behaviours are refused in mid-turn or interrupt.</summary>
    public static byte[] InjectAgentMessage(string text) => Write(json =>
    {
        json.WriteString("type", "InjectAgentMessage");
        json.WriteString("message", text);
        json.WriteString("behavior", "queue");
    });

    public static byte[] InjectUserMessage(string text) => Write(json =>
    {
        json.WriteString("type", "InjectUserMessage");
        json.WriteString("content", text);
    });

    public static byte[] FunctionCallResponse(string id, string name, string content) => Write(json =>
    {
        json.WriteString("type", "FunctionCallResponse");
        json.WriteString("id", id);
        json.WriteString("name", name);
        json.WriteString("content", content);
    });

    public static ReadOnlyMemory<byte> KeepAlive { get; } = """{"type":"KeepAlive"}"""u8.ToArray();

    static void WriteFormat(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject(name);
        json.WriteString("encoding", "mulaw");
        json.WriteNumber("sample_rate", 8000);
        if (name == "output")
        {
            json.WriteString("container", "none");
        }

        json.WriteEndObject();
    }

    static void WriteContext(Utf8JsonWriter json, IReadOnlyList<HistoryEntry> history)
    {
        if (history.Count == 0)
        {
            return;
        }

        json.WriteStartObject("context");
        json.WriteStartArray("messages");
        foreach (var entry in history)
        {
            json.WriteStartObject();
            json.WriteString("type", "History");
            if (entry is HistoryEntry.Said said)
            {
                json.WriteString("role", said.Speaker == Speaker.Agent ? "assistant" : "user");
                json.WriteString("content", said.Text);
            }
            else if (entry is HistoryEntry.ToolUsed tool)
            {
                json.WriteStartArray("function_calls");
                json.WriteStartObject();
                json.WriteString("id", tool.Call.Id);
                json.WriteString("name", tool.Call.Name);
                json.WriteBoolean("client_side", true);
                json.WriteString("arguments", tool.Call.Arguments);
                json.WriteString("response", tool.Result);
                json.WriteEndObject();
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void WriteListen(Utf8JsonWriter json, CallSession session, DeepgramOptions options)
    {
        var flux = options.ListenModel.StartsWith("flux-", StringComparison.Ordinal);
        json.WriteStartObject("listen");
        json.WriteStartObject("provider");
        json.WriteString("type", "deepgram");
        json.WriteString("version", flux ? "v2" : "v1");
        json.WriteString("model", options.ListenModel);
        if (!flux)
        {
            // Flux takes its language from the model's name and rejects this field.
            json.WriteString("language", session.Language);
        }

        if (session.Keyterms.Count > 0)
        {
            json.WriteStartArray("keyterms");
            foreach (var term in session.Keyterms)
            {
                json.WriteStringValue(term);
            }

            json.WriteEndArray();
        }

        if (!flux)
        {
            json.WriteBoolean("smart_format", true);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteThink(Utf8JsonWriter json, CallSession session, DeepgramOptions options)
    {
        // A flow names its model as gpt-4o-mini or as anthropic/claude-....
        var slash = session.Model.IndexOf('/', StringComparison.Ordinal);
        json.WriteStartObject("think");
        json.WriteStartObject("provider");
        json.WriteString("type", slash > 0 ? session.Model[..slash] : options.ThinkProvider);
        json.WriteString("model", session.Model[(slash + 1)..]);
        json.WriteEndObject();
        json.WriteString("prompt", session.Prompt);
        if (session.Tools.Count > 0)
        {
            json.WriteStartArray("functions");
            foreach (var tool in session.Tools)
            {
                json.WriteStartObject();
                json.WriteString("name", tool.Name);
                json.WriteString("description", tool.Description);
                json.WritePropertyName("parameters");
                if (tool.Parameters.ValueKind == JsonValueKind.Object)
                {
                    tool.Parameters.WriteTo(json);
                }
                else
                {
                    json.WriteRawValue("""{"type":"object","properties":{}}""");
                }

                if (tool.HasEffect)
                {
                    json.WriteBoolean("defer_until_eot", true);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
