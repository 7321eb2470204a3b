using System.Diagnostics;
using System.Text.Json.Nodes;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>One ticket and one phone in a running city, and what became of them. A wait that fails tells the incident's whole story.</summary>
sealed class Scenario(City city, SimulatorClient simulator, CityState state, string phone)
{
    public Scenario(CityFixture fixture, string phone) : this(fixture.City, fixture.Simulator, fixture.State, phone) { }

    public string Phone => phone;

    public long Ticket { get; set; }

    public IncidentId Incident => IncidentId.OfTicket(Ticket);

    /// <summary>How the phone behaves; must be said before the ticket is filed.</summary>
    public Task PhoneAsync(string yaml) => simulator.PutPhoneAsync(phone, yaml);

    /// <summary>A camera files a ticket through Freshdesk's API.</summary>
    /// <param name="withPhone">Whether the ticket names this scenario's phone.</param>
    public async Task FileAsync(bool withPhone = true, string type = "Vehicle collision")
    {
        var fields = new JsonObject
        {
            ["cf_incident_type"] = type,
            ["cf_address"] = $"Harbour Road {phone[^3..]}",
            ["cf_confidence"] = 0.95,
            ["cf_camera_id"] = $"CAM-{phone[^4..]}",
            ["cf_evidence_urls"] = $"{city.Vendor("Freshdesk")}evidence/CAM-{phone[^4..]}-1.jpg",
        };
        if (withPhone)
        {
            fields["cf_responder_phone"] = phone;
        }

        Ticket = await simulator.CreateTicketAsync(new JsonObject
        {
            ["subject"] = $"{type} at Harbour Road",
            ["description"] = "Two cars collided at the crossing.",
            ["email"] = "camera-ai@example.com",
            ["priority"] = 4,
            ["status"] = 2,
            ["custom_fields"] = fields,
        });
    }

    public Task ChangeTicketAsync(object change) => simulator.UpdateTicketAsync(Ticket, change);

    public async Task<int> TicketStatusAsync() => (await simulator.TicketAsync(Ticket))["status"]!.GetValue<int>();

    public Task<IReadOnlyList<string>> NotesAsync() => simulator.NotesAsync(Ticket);

    public Task<IReadOnlyList<JsonNode>> CallsAsync() => simulator.CallsAsync(phone);

    public Task<IReadOnlyList<JsonNode>> MessagesAsync() => simulator.MessagesAsync(phone);

    /// <summary>Everything the phone heard in all of its calls.</summary>
    public async Task<string> HeardAsync() => string.Join(' ', (await CallsAsync()).Select(call => call["heard"]!["heard"]!.GetValue<string>()));

    public Task<IncidentState?> StateAsync() => Ticket == 0 ? Task.FromResult<IncidentState?>(null) : state.IncidentAsync(Incident);

    public async Task<IncidentState> UntilAsync(Func<IncidentState, bool> holds, string what, int seconds = 90)
    {
        IncidentState? last = null;
        await UntilAsync(async () => (last = await StateAsync()) is { } now && holds(now), what, seconds);
        return last!;
    }

    public async Task UntilAsync(Func<Task<bool>> holds, string what, int seconds = 90)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(since).TotalSeconds > seconds)
            {
                Assert.Fail($"Not within {seconds} s: {what}.\n{await StoryAsync()}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>What happened to this incident: its state, its audit timeline, the phone's calls, every log line that names it.</summary>
    public async Task<string> StoryAsync()
    {
        var audit = Ticket == 0 ? [] : await state.AuditAsync(Incident);
        var calls = await CallsAsync();
        var lines = city.Lines().Where(line => line.Text.Contains($"{Incident}", StringComparison.Ordinal) || line.Text.Contains(" ERR ", StringComparison.Ordinal) || line.Text.StartsWith("[host]", StringComparison.Ordinal));
        return string.Join('\n',
        [
            $"state: {await StateAsync()}",
            $"ticket: {(Ticket == 0 ? "-" : (await simulator.TicketAsync(Ticket)).ToJsonString())}",
            .. audit.Select(entry => $"audit {entry.At:HH:mm:ss.fff} {entry.Entry.Service} {entry.Entry.Kind}: {entry.Entry.Text}"),
            .. calls.Select(call => $"call: {call.ToJsonString()}"),
            .. lines.TakeLast(60).Select(line => $"log {line.Process} {line.Text}"),
        ]);
    }

    /// <summary>Word for word what the transcript says the agent spoke was heard at the phone.</summary>
    public async Task HeardEveryWordAsync()
    {
        var (holds, text) = await Verdict.HeardAsync(simulator, state, await StateAsync(), phone, CancellationToken.None);
        Assert.True(holds, $"{text}\n{await StoryAsync()}");
    }
}
