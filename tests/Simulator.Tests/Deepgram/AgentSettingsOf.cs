using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Tests.Deepgram;

/// <summary>Settings as the bridge sends them.</summary>
static class AgentSettingsOf
{
    public const string Prompt = """
        You are the dispatcher of City Monitor.
        Incident type: Vehicle collision
        Address: Harbour Road and 5th Street
        Responder phone: +12025550123
        """;

    static readonly (string Name, string Parameters)[] DispatchTools =
    [
        ("retrieve_ticket", """{"type":"object","properties":{}}"""),
        ("record_responder", """
            {"type":"object","properties":{"name":{"type":"string"},"agency":{"type":"string"},"whatsapp_number":{"type":"string"},"eta_minutes":{"type":"integer"}}}
            """),
        ("accept_incident", """{"type":"object","properties":{}}"""),
        ("decline_incident", """{"type":"object","properties":{"reason":{"type":"string"},"wrong_number":{"type":"boolean"}}}"""),
        ("send_whatsapp_message", """{"type":"object","properties":{"confirmed":{"type":"boolean"}},"required":["confirmed"]}"""),
        ("end_call", """{"type":"object","properties":{"call_back_minutes":{"type":"integer"}}}"""),
    ];

    public static JsonObject Plain() => With("You are friendly.", []);

    /// <param name="deferred">Whether functions wait for the certain end of a turn.</param>
    public static JsonObject Dispatch(string prompt = Prompt, bool deferred = true, params string[] without) =>
        With(prompt, [.. DispatchTools.Where(t => !without.Contains(t.Name)).Select(t =>
        {
            var function = new JsonObject { ["name"] = t.Name, ["description"] = t.Name, ["parameters"] = JsonNode.Parse(t.Parameters) };
            if (deferred)
            {
                function["defer_until_eot"] = true;
            }

            return function;
        })]);

    public static JsonObject Greeted(this JsonObject settings, string greeting)
    {
        settings["agent"]!["greeting"] = greeting;
        return settings;
    }

    /// <summary>Adds what was said before, as role and content by turns.</summary>
    public static JsonObject After(this JsonObject settings, params (string Role, string Content)[] said)
    {
        settings["agent"]!["context"] = new JsonObject
        {
            ["messages"] = new JsonArray([.. said.Select(s => new JsonObject { ["type"] = "History", ["role"] = s.Role, ["content"] = s.Content })]),
        };
        return settings;
    }

    static JsonObject With(string prompt, JsonObject[] functions) => new()
    {
        ["type"] = "Settings",
        ["audio"] = new JsonObject
        {
            ["input"] = new JsonObject { ["encoding"] = "mulaw", ["sample_rate"] = 8000 },
            ["output"] = new JsonObject { ["encoding"] = "mulaw", ["sample_rate"] = 8000, ["container"] = "none" },
        },
        ["agent"] = new JsonObject
        {
            ["listen"] = new JsonObject { ["provider"] = new JsonObject { ["type"] = "deepgram", ["version"] = "v1", ["model"] = "nova-3" } },
            ["think"] = new JsonObject
            {
                ["provider"] = new JsonObject { ["type"] = "open_ai", ["model"] = "gpt-4o-mini" },
                ["prompt"] = prompt,
                ["functions"] = new JsonArray([.. functions]),
            },
            ["speak"] = new JsonObject { ["provider"] = new JsonObject { ["type"] = "deepgram", ["model"] = "aura-2-thalia-en" } },
        },
    };
}
