using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tools;

/// <summary>Every tool of a call about an incident. None sets a ticket's status: no word on the phone can close a ticket.</summary>
static class ToolBox
{
    static readonly Dictionary<string, IncidentTool> tools = new IncidentTool[]
    {
        new RetrieveTicket(), new RecordResponder(), new AcceptIncident(), new DeclineIncident(), new SendWhatsAppMessage(), new EndCallTool(),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => tools.Keys;

    public static IncidentTool? Find(string name) => tools.GetValueOrDefault(name);

    public static ToolDefinition Definition(string name) => tools[name].Definition;
}
