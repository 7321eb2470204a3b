using System.Text.Json;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>Something the conversation may ask for. Identifiers (call, ticket, number) come from the call, never from the model.</summary>
abstract class Tool
{
    public abstract string Name { get; }

    /// <summary>For the model: when to use it.</summary>
    public abstract string Description { get; }

    /// <summary>JSON schema of the arguments.</summary>
    protected abstract string Parameters { get; }

    /// <summary>Runs only once the end of the caller's turn is confirmed.</summary>
    public virtual bool HasEffect => true;

    public ToolDefinition Definition
    {
        get
        {
            using var schema = JsonDocument.Parse(Parameters);
            return new ToolDefinition(Name, Description, schema.RootElement.Clone(), HasEffect);
        }
    }
}

/// <summary>A tool of a call about an incident.</summary>
abstract class IncidentTool : Tool
{
    /// <summary>Tells of the incident, so it waits for the machine detection's verdict.</summary>
    public virtual bool Discloses => false;

    public abstract ToolAnswer Run(Decision d, LiveCall live, ToolArguments arguments);
}

/// <summary>What a tool answers: the content for the model, and whether it did what was asked.</summary>
readonly record struct ToolAnswer(bool Succeeded, string Content)
{
    public static ToolAnswer Ok(Dictionary<string, object?> content) =>
        new(true, JsonSerializer.Serialize(content, AgentJson.Relaxed.DictionaryStringObject));

    public static ToolAnswer Error(string error, string? next = null)
    {
        var content = new Dictionary<string, object?> { ["error"] = error };
        if (next is not null)
        {
            content["next"] = next;
        }

        return new(false, JsonSerializer.Serialize(content, AgentJson.Relaxed.DictionaryStringObject));
    }
}
