using System.Text.Json.Nodes;
using CityMonitor.Hosting;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>Some incidents side by side and the one fault that meets them.</summary>
sealed class Wave(World world, FaultRow row, int number, IReadOnlyList<Incident> incidents)
{
    /// <summary>The tools of a call that is accepted; those with an effect first. A wave breaks one of them.</summary>
    static IReadOnlyList<string> Tools { get; } = ["accept_incident", "send_whatsapp_message", "retrieve_ticket", "record_responder"];

    static int camera;

    long since;
    DateTimeOffset actedAt;

    public World World => world;

    public City City => world.City;

    public IReadOnlyList<Incident> Incidents => incidents;

    /// <summary>Rises with each wave of a row, so that replicas and tools take turns.</summary>
    public int Number => number;

    /// <summary>The call that reached the moment first.</summary>
    public Happening? Trigger { get; private set; }

    /// <summary>How late the phones' clock was at most while there were calls.</summary>
    public double ClockLateMs { get; private set; }

    /// <summary>The port of the one bridge of two that was broken.</summary>
    public int? BrokenBridge { get; set; }

    public async Task<IReadOnlyList<Verdict>> PlayAsync()
    {
        await Task.WhenAll(incidents.Select(incident => world.Simulator.PutPhoneAsync(incident.Phone, Callees.Yaml(row, incident.Phone))));
        since = world.Now;
        await world.TakeClockLateMsAsync();
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
        // Before anything else is asked: reading long records makes the Simulator busy when no call hears it any more.
        ClockLateMs = await world.TakeClockLateMsAsync();
        await PlaceAsync();
        var audit = await world.AuditAsync(incidents.Min(incident => incident.FiledAt));
        var verdicts = await Task.WhenAll(incidents.Select(incident => Judge.OfAsync(world, row, incident, audit)));
        await world.HealAsync();
        await world.ReadyAsync();
        return row.OfWave is null ? verdicts : await Judge.TogetherAsync(world, row, verdicts);
    }

    async Task ActAsync()
    {
        Trigger = await world.WaitAsync(since, Reached, TimeSpan.FromSeconds(90));
        actedAt = DateTimeOffset.UtcNow;
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

    /// <summary>
    /// Which calls were at the moment. All follow the same script, so a call was as far behind the first one as it rang later; and it must
    /// have been there at all: rung, not ended, and not yet answered where the phone is to ring.
    /// </summary>
    async Task PlaceAsync()
    {
        if (row.Moment is Moment.BeforeTheTicket or Moment.TicketRead)
        {
            return;
        }

        var seen = world.Since(since).Where(h => h["phone"] is not null).ToLookup(h => h["phone"]!);
        var rang = incidents.ToDictionary(incident => incident, incident => At(incident, "call.ringing"));
        var first = rang.Values.Min();
        var apart = TimeSpan.FromSeconds(row.Moment is Moment.InATool or Moment.LastSecond ? 1.5 : 2.5);
        foreach (var incident in incidents)
        {
            incident.AtTheMoment = rang[incident] is { } at && at - first <= apart && at <= actedAt + apart
                && !(At(incident, "call.completed") < actedAt)
                && !(row.Moment is Moment.Ringing && At(incident, "call.in-progress") < actedAt);
            if (BrokenBridge is { } port)
            {
                incident.Served("MediaBridge", byTheBroken: (await Judge.CallsAsync(world, incident)).SelectMany(call => call["streams"]!.AsArray()).Any(stream =>
                    new Uri(stream!["url"]!.GetValue<string>()).Port == port && Time(stream["startedAt"]) <= actedAt && !(Time(stream["stoppedAt"]) < actedAt)));
            }
        }

        static DateTimeOffset? Time(JsonNode? value) => value?.GetValue<DateTimeOffset>();

        DateTimeOffset? At(Incident incident, string kind) => seen[incident.Phone].FirstOrDefault(h => h.Kind == kind)?.At;
    }

    async Task FileAsync(Incident incident)
    {
        var here = Interlocked.Increment(ref camera);
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
                ["cf_address"] = $"Pier {here}",
                ["cf_confidence"] = 0.95,
                ["cf_camera_id"] = $"CAM-{here}",
                ["cf_evidence_urls"] = $"{world.City.Vendor("Freshdesk")}evidence/CAM-{here}-1.jpg",
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
                await Task.Delay(300);
            }
        }
    }
}
