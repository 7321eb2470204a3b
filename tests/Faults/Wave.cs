using System.Text.Json.Nodes;
using CityMonitor.Hosting;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>Some incidents side by side and the one fault that meets them.</summary>
sealed class Wave(World world, FaultRow row, int number, IReadOnlyList<Incident> incidents)
{
    long since;

    public World World => world;

    public City City => world.City;

    public IReadOnlyList<Incident> Incidents => incidents;

    /// <summary>Rises with each wave of a row, so that replicas and tools take turns.</summary>
    public int Number => number;

    /// <summary>The call that reached the moment first.</summary>
    public Happening? Trigger { get; private set; }

    public async Task<IReadOnlyList<Verdict>> PlayAsync()
    {
        foreach (var incident in incidents)
        {
            await world.Simulator.PutPhoneAsync(incident.Phone, Callees.Yaml(row.Callee, incident.Phone));
        }

        since = world.Now;
        if (row.Moment is Moment.BeforeTheTicket)
        {
            await row.Act(this);
        }

        await Task.WhenAll(incidents.Select(FileAsync));
        var acting = row.Moment is Moment.BeforeTheTicket ? Task.CompletedTask : ActAsync();
        if (row.Lasts is { } lasts)
        {
            await acting;
            await Task.Delay(lasts);
            await world.HealAsync();
        }

        await acting;
        await SettledAsync();
        var verdicts = await Task.WhenAll(incidents.Select(incident => Judge.OfAsync(world, row, incident)));
        await world.HealAsync();
        await world.ReadyAsync();
        return verdicts;
    }

    async Task ActAsync()
    {
        Trigger = await world.WaitAsync(since, Reached, TimeSpan.FromSeconds(90));
        await row.Act(this);
    }

    bool Reached(Happening h) => row.Moment switch
    {
        Moment.TicketRead => h.Kind is "call.queued" or "call.initiated",
        Moment.Ringing => h.Kind is "call.ringing",
        Moment.Greeting => h.Kind is "phone.heard",
        Moment.AgentSpeaks => h.Kind is "phone.heard" && h["text"]?.Contains("collision", StringComparison.OrdinalIgnoreCase) == true,
        Moment.ResponderSpeaks => h.Kind is "phone.said" && h["text"]?.Contains("accept", StringComparison.OrdinalIgnoreCase) == true,
        Moment.InATool => h.Kind is "agent.tool" && h["name"] == Tools[number % Tools.Count],
        Moment.LastSecond => h.Kind is "phone.heard" && h["text"]?.Contains("goodbye", StringComparison.OrdinalIgnoreCase) == true,
        _ => false,
    };

    /// <summary>The tools of a call that is accepted, in their order.</summary>
    static IReadOnlyList<string> Tools { get; } = ["accept_incident", "retrieve_ticket", "send_whatsapp_message", "record_responder"];

    async Task FileAsync(Incident incident)
    {
        incident.Ticket = await world.Simulator.CreateTicketAsync(new JsonObject
        {
            ["subject"] = "Vehicle collision",
            ["description"] = "Two cars collided at the crossing.",
            ["email"] = "camera-ai@example.com",
            ["priority"] = 4,
            ["status"] = 2,
            ["custom_fields"] = new JsonObject
            {
                ["cf_incident_type"] = "Vehicle collision",
                ["cf_address"] = $"Harbour Road {incident.FiledAt.ToUnixTimeMilliseconds() % 100_000}{incident.Phone[^2..]}",
                ["cf_confidence"] = 0.95,
                ["cf_camera_id"] = $"CAM-{incident.FiledAt.ToUnixTimeMilliseconds() % 100_000}{incident.Phone[^2..]}",
                ["cf_evidence_urls"] = $"{world.City.Vendor("Freshdesk")}evidence/CAM-{incident.Phone[^4..]}-1.jpg",
                ["cf_responder_phone"] = incident.Phone,
            },
        });
    }

    async Task SettledAsync()
    {
        var deadline = DateTimeOffset.UtcNow + row.Within;
        foreach (var incident in incidents)
        {
            while (DateTimeOffset.UtcNow < deadline && !await Judge.IsSettledAsync(world, row, incident))
            {
                await Task.Delay(500);
            }
        }
    }
}
