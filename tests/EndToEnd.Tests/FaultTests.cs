using System.Text.Json.Nodes;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>What would disturb the other scenarios happens when they are over, one thing after the other.</summary>
[CollectionDefinition(nameof(Storms), DisableParallelization = true)]
public sealed class Storms;

[Collection(nameof(Storms))]
public sealed class CityInAStorm(CityFixture fixture)
{
    [Fact]
    public async Task An_outage_of_Freshdesk_delays_what_is_written_and_loses_nothing()
    {
        var scenario = Scenario("+12025550141");
        await scenario.PhoneAsync(Phones.Busy(scenario.Phone));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => await scenario.StateAsync() is not null, "the ticket read");
        await fixture.Simulator.SetFaultAsync("freshdesk", new { status = 503 });
        await scenario.UntilAsync(s => s.Status == IncidentStatus.Unreachable, "unreachable, with nobody to write it to");

        await fixture.Simulator.ClearFaultAsync("freshdesk");
        await scenario.UntilAsync(async () => (await scenario.NotesAsync()).Any(note => note.Contains("stays open", StringComparison.OrdinalIgnoreCase)), "the note written once Freshdesk is back", 120);
    }

    [Fact]
    public async Task A_worker_and_a_bridge_that_are_killed_in_the_middle_of_calls_end_none_of_them()
    {
        await Task.WhenAll(
            SurvivesAsync("AgentWorker", Scenario("+12025550142"), heard => heard.Length > 40),
            SurvivesAsync("MediaBridge", Scenario("+12025550144"), heard => heard.Contains("Vehicle collision", StringComparison.Ordinal)));
    }

    async Task SurvivesAsync(string killed, Scenario scenario, Func<string, bool> inTheMiddle)
    {
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => inTheMiddle(await scenario.HeardAsync()), $"the moment at which {killed} is killed");

        await fixture.City.KillAsync(killed);
        var after = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged in the same call", 150);
        Assert.Single(after.Attempts);
        Assert.Single(await scenario.CallsAsync());
        Assert.True(fixture.City.StartsOf(killed) > 1);
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
    }

    [Fact]
    public async Task With_every_speech_vendor_down_the_responder_hears_the_incident_and_accepts_by_keypad()
    {
        var scenario = Scenario("+12025550145");
        await scenario.PhoneAsync(Phones.PressingOne(scenario.Phone));
        await fixture.Simulator.SetFaultAsync("deepgram-agent", new { refuse = true });
        await fixture.Simulator.SetFaultAsync("deepgram-speak", new { refuse = true });
        try
        {
            await scenario.FileAsync();
            var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged, "accepted by keypad", 120);
            Assert.NotNull(state.Responder?.AcceptedAt);
            Assert.Contains("collision", await scenario.HeardAsync(), StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            await fixture.Simulator.ClearFaultAsync("deepgram-agent");
            await fixture.Simulator.ClearFaultAsync("deepgram-speak");
        }
    }

    [Fact]
    public async Task Of_250_open_tickets_none_is_missed()
    {
        await fixture.City.StopAsync("IncidentPoller");
        var filed = new List<long>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 250), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, ct) =>
        {
            // Without a phone, so that 250 calls do not follow: each must be noticed, and say what it lacks.
            var id = await fixture.Simulator.CreateTicketAsync(new JsonObject { ["subject"] = $"Incident {number}", ["description"] = "No phone is given.", ["email"] = "camera-ai@example.com", ["priority"] = 2, ["status"] = 2 }, ct);
            lock (filed)
            {
                filed.Add(id);
            }
        });
        await fixture.City.StartAgainAsync("IncidentPoller");

        var scenario = Scenario("+12025550143");
        await scenario.UntilAsync(async () => await AllFlaggedAsync(filed), "every ticket known and flagged", 120);
    }

    async Task<bool> AllFlaggedAsync(List<long> tickets)
    {
        foreach (var ticket in tickets)
        {
            if ((await fixture.State.IncidentAsync(IncidentId.OfTicket(ticket)))?.Flag is null)
            {
                return false;
            }
        }

        return true;
    }

    Scenario Scenario(string phone) => new(fixture, phone);
}
