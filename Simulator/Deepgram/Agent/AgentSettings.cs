using System.Text.Json;
using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>The <c>Settings</c> message, as far as it changes what the simulated agent does. Everything else is checked and forgotten.</summary>
sealed record AgentSettings(
    IReadOnlyList<string> Tags, bool History, string? Greeting, string Prompt, IReadOnlyDictionary<string, MindTool> Functions,
    IReadOnlyList<MindMessage> Context, bool Flux)
{
    /// <exception cref="ShapeException">It is not as documented, or asks for audio that the simulator has no ear or voice for.</exception>
    public static AgentSettings Read(JsonElement message)
    {
        var root = JsonShape.Of(message, "", "type", "tags", "experimental", "mip_opt_out", "flags", "audio", "agent");
        root.Flag("experimental", false);
        root.Flag("mip_opt_out", false);
        var history = root.Optional("flags") is not { } flags || JsonShape.Of(flags, "flags", "history").Flag("history", true);
        ReadAudio(JsonShape.Of(root.Required("audio"), "audio", "input", "output"));
        var given = root.Required("agent");
        if (given.ValueKind == JsonValueKind.String)
        {
            throw new ShapeException("agent", $"there is no stored agent '{given.GetString()}'");
        }

        var agent = JsonShape.Of(given, "agent", "language", "greeting", "context", "listen", "think", "speak");
        agent.OptionalString("language");
        var flux = agent.Optional("listen") is { } listen && ThinkSettings.ReadListen(listen, "agent.listen");
        if (agent.Optional("speak") is { } speak)
        {
            ThinkSettings.ReadSpeak(speak, "agent.speak");
        }

        var think = agent.Optional("think") is { } thought ? ThinkSettings.Read(thought, "agent.think") : new ThinkSettings("", []);
        return new AgentSettings(
            root.Strings("tags"), history, agent.OptionalString("greeting"), think.Prompt, think.ByName,
            agent.Optional("context") is { } context ? ReadContext(context) : [], flux);
    }

    static void ReadAudio(JsonShape audio)
    {
        var input = JsonShape.Of(audio.Required("input"), "audio.input", "encoding", "sample_rate");
        Mulaw(input);
        if (audio.Optional("output") is not { } given)
        {
            throw new ShapeException("audio.output", "the simulator speaks mulaw at 8000 only, which is not the default");
        }

        var output = JsonShape.Of(given, "audio.output", "encoding", "sample_rate", "bitrate", "container");
        Mulaw(output);
        if (output.OptionalString("container") is not (null or "none"))
        {
            throw new ShapeException("audio.output.container", "mulaw for a phone call needs container none: a header would be heard as a click");
        }
    }

    static void Mulaw(JsonShape format)
    {
        format.RequiredOneOf(
            "encoding", "linear16", "linear32", "flac", "alaw", "mulaw", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729", "mp3", "aac");
        if (format.RequiredString("encoding") != "mulaw" || (format.Number("sample_rate") ?? 24000) != 8000)
        {
            throw new ShapeException(format.PathOf("encoding"), "the simulator hears and speaks mulaw at 8000 only");
        }
    }

    static List<MindMessage> ReadContext(JsonElement context)
    {
        var messages = new List<MindMessage>();
        foreach (var (element, path) in JsonShape.Of(context, "agent.context", "messages").List("messages"))
        {
            var message = JsonShape.Of(element, path, "type", "role", "content", "function_calls");
            message.RequiredOneOf("type", "History");
            if (message.Optional("function_calls") is null)
            {
                messages.Add(new(message.RequiredOneOf("role", "user", "assistant"), message.RequiredString("content"), []));
                continue;
            }

            var calls = new List<MindCall>();
            foreach (var (call, callPath) in message.List("function_calls"))
            {
                var shape = JsonShape.Of(call, callPath, "id", "name", "client_side", "arguments", "response", "thought_signature");
                shape.RequiredString("id");
                shape.Flag("client_side", true);
                calls.Add(new(shape.RequiredString("name"), shape.RequiredString("arguments"), shape.RequiredString("response")));
            }

            messages.Add(new(null, null, calls));
        }

        return messages;
    }
}
