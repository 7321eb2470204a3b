using System.Globalization;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Flows;

/// <summary>Makes a call's session from its flow: all that a bridge needs to hold the call with no worker alive.</summary>
static class Sessions
{
    public static CallSession Build(Flow flow, IncidentState incident, CallId call, PhoneNumber to, string authority, DateTimeOffset now, string direction = "outbound")
    {
        var general = General(flow, to, authority, now);
        var facts = new Dictionary<string, string>(general)
        {
            ["type"] = Spoken.Type(incident.Fields),
            ["address"] = Spoken.Address(incident.Fields),
            ["priority"] = Spoken.Priority(incident.Ticket.Priority),
            ["confidence"] = Spoken.Confidence(incident.Fields),
            ["time"] = Spoken.Time(incident.Fields, incident.Ticket),
            ["camera"] = incident.Fields.CameraId ?? "not given",
        };
        return new CallSession(
            call, incident.Id, direction, to, flow.Name, flow.Engine, flow.Language, flow.Voice, flow.Model,
            Placeholders.Fill(Prompt(flow), general), Placeholders.Fill(flow.Greeting, general), Placeholders.Fill(flow.Voicemail, general),
            Placeholders.Fill(flow.Keypad, facts), Placeholders.Fill(flow.Goodbye, general),
            [.. flow.Tools.Select(ToolBox.Definition)], flow.Keyterms, LimitsOf(flow));
    }

    /// <summary>Of a call that came in and is about no incident yet.</summary>
    public static CallSession Build(Flow flow, ReceptionState reception, string authority, PhoneNumber? transferTo, IEnumerable<ToolDefinition> tools, DateTimeOffset now)
    {
        var general = General(flow, reception.To, authority, now);
        return new CallSession(
            reception.Call, null, "inbound", reception.From ?? reception.To, flow.Name, flow.Engine, flow.Language, flow.Voice, flow.Model,
            Placeholders.Fill(Prompt(flow), general), Placeholders.Fill(flow.Greeting, general), Placeholders.Fill(flow.Voicemail, general),
            Placeholders.Fill(flow.Keypad, general), Placeholders.Fill(flow.Goodbye, general), [.. tools], flow.Keyterms, LimitsOf(flow), TransferTo: transferTo);
    }

    /// <summary>What may be said to anybody.</summary>
    public static Dictionary<string, string> General(Flow flow, PhoneNumber to, string authority, DateTimeOffset now) => new()
    {
        ["authority"] = authority,
        ["agent"] = flow.Agent,
        ["called"] = to.Value,
        ["date"] = now.ToString("dddd, d MMMM yyyy", CultureInfo.InvariantCulture),
    };

    static CallLimits LimitsOf(Flow flow) => new(flow.Limits.MaxSeconds, flow.Limits.SilenceSeconds, flow.Limits.SilencePrompts, flow.Limits.GoodbyePhrases);

    /// <summary>One prompt for engines that take only one: the flow's, then each stage with the tools it may use.</summary>
    static string Prompt(Flow flow) =>
        flow.Prompt + "\n\n" + string.Join("\n\n", flow.Stages.Select((s, i) => $"Step {i + 1}, {s.Name} (tools: {string.Join(", ", s.Tools)}):\n{s.Prompt}"));
}
