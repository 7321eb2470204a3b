using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>Every tool there is. None sets a ticket's status: no word on the phone can close a ticket.</summary>
static class ToolBox
{
    static readonly Dictionary<string, Tool> tools = new Tool[]
    {
        new RetrieveTicket(), new RecordResponder(), new AcceptIncident(), new DeclineIncident(), new SendWhatsAppMessage(), new EndCallTool(),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => tools.Keys;

    public static Tool? Find(string name) => tools.GetValueOrDefault(name);

    public static ToolDefinition Definition(string name) => tools[name].Definition;
}
