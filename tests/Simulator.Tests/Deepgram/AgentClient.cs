using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Tests.Deepgram;

/// <summary>A Voice Agent client as a bridge is one: sends settings and audio, hears audio, answers functions.</summary>
sealed class AgentClient : WireClient
{
    public string RequestId => Header("dg-request-id");

    public static Task<AgentClient> ConnectAsync(int port, string authorization = "Token simulator") =>
        ConnectAsync<AgentClient>($"ws://127.0.0.1:{port}/v1/agent/converse", ("Authorization", authorization));

    /// <summary>Connects, sends the settings and waits until they are applied.</summary>
    public static async Task<AgentClient> OpenAsync(int port, JsonObject settings)
    {
        var client = await ConnectAsync(port);
        await client.WaitAsync("Welcome");
        await client.SendAsync(settings);
        await client.WaitAsync("SettingsApplied");
        return client;
    }

    public async Task<string> WaitForTextAsync(string role, string part) =>
        (string)(await WaitAsync(
            m => (string?)m["type"] == "ConversationText" && (string?)m["role"] == role && ((string)m["content"]!).Contains(part, StringComparison.OrdinalIgnoreCase),
            $"{role}: {part}"))["content"]!;

    /// <summary>The next function call, and its answer.</summary>
    public async Task<JsonObject> AnswerAsync(string function, string content)
    {
        var call = await WaitForCallAsync(function);
        await RespondAsync(call, content);
        return JsonNode.Parse((string)call["arguments"]!)!.AsObject();
    }

    public async Task<JsonNode> WaitForCallAsync(string function)
    {
        var request = await WaitAsync(
            m => (string?)m["type"] == "FunctionCallRequest" && m["functions"]!.AsArray().Any(f => (string?)f!["name"] == function), $"call of {function}");
        return request["functions"]!.AsArray().Single(f => (string?)f!["name"] == function)!;
    }

    public Task RespondAsync(JsonNode call, string content) => SendAsync(new JsonObject
    {
        ["type"] = "FunctionCallResponse", ["id"] = (string?)call["id"], ["name"] = (string?)call["name"], ["content"] = content,
    });
}
