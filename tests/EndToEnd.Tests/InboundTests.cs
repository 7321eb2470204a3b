using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>Somebody phones the city: what they hear, which ticket comes of it, and who is phoned about it.</summary>
sealed class Caller(City city, SimulatorClient simulator, CityState state, string number)
{
    CallId call;

    public async Task CallsAsync(string lines)
    {
        await simulator.PutPhoneAsync(number, $"number: \"{number}\"\npatience: 600ms\nlines:\n{lines}");
        call = CallId.Inbound(await simulator.CallInAsync(number));
    }

    public Task<ReceptionState?> StateAsync() => state.ReceptionAsync(call);

    public async Task<string> HeardAsync() => string.Join(' ', (await simulator.CallsAsync(number)).Select(one => one["heard"]!["heard"]!.GetValue<string>()));

    public async Task<ReceptionState> UntilAsync(Func<ReceptionState, bool> holds, string what, int seconds = 90)
    {
        for (var waited = 0; ; waited++)
        {
            if (await StateAsync() is { } now && holds(now))
            {
                return now;
            }

            Assert.True(waited < seconds * 10, $"Not within {seconds} s: {what}.\n{await StoryAsync()}");
            await Task.Delay(100);
        }
    }

    public async Task HeardEveryWordAsync()
    {
        var (holds, text) = await Verdict.HeardAsync(simulator, state, [call], number, CancellationToken.None);
        Assert.True(holds, $"{text}\n{await StoryAsync()}");
    }

    async Task<string> StoryAsync() => string.Join('\n',
    [
        $"state: {await StateAsync()}",
        .. (await state.AuditOfAsync(call.Root)).Select(entry => $"audit {entry.At:HH:mm:ss.fff} {entry.Entry.Service} {entry.Entry.Kind}: {entry.Entry.Text}"),
        .. (await simulator.CallsAsync(number)).Select(one => $"call: {one.ToJsonString()}"),
        .. city.Lines().Where(line => line.Text.Contains(call.Root, StringComparison.Ordinal) || line.Text.Contains(" ERR ", StringComparison.Ordinal)).TakeLast(60).Select(line => $"log {line.Process} {line.Text}"),
    ]);
}

/// <summary>A city of its own: a worker is killed in the middle of the conversation.</summary>
[Collection(nameof(Storms))]
public sealed class InboundCall : IAsyncLifetime
{
    City _city = null!;
    SimulatorClient _simulator = null!;
    CityState _state = null!;

    public async ValueTask InitializeAsync()
    {
        var quick = CityFixture.QuickOptions();
        _city = await City.StartAsync(new CityOptions { ReadyWithin = quick.ReadyWithin, Environment = quick.Environment, Replicas = new Dictionary<string, int> { ["AgentWorker"] = 2 } });
        _simulator = new SimulatorClient(_city.Simulator, _city.Vendor("Freshdesk"));
        _state = new CityState(_city.Redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _simulator.Dispose();
        await _city.DisposeAsync();
    }

    [Fact]
    public async Task A_caller_reports_an_incident_to_a_conversation_that_survives_its_worker_and_the_responder_on_duty_is_phoned()
    {
        await _simulator.PutPhoneAsync(Topology.SimulatedOnDuty, Phones.Accepting(Topology.SimulatedOnDuty));
        var caller = new Caller(_city, _simulator, _state, "+12025550171");
        await caller.CallsAsync("""
              - on: "how can i help"
                say: There has been an accident. Two cars collided.
              - on: "where is it"
                say: At the corner of Harbour Road and 5th Street.
              - on: "speaking with"
                say: My name is Ana Lopez.
              - on: "anything else"
                say: No, thank you. Goodbye.
              - on: "goodbye"
                hang_up: true
                say: Goodbye.
            """);
        await caller.UntilAsync(now => now.Draft is not null, "the first words are kept");
        await _city.KillAsync("AgentWorker");

        var reception = await caller.UntilAsync(now => now.Outcome is not null && now.Tickets.All(ticket => ticket.Noted), "the call is over and its ticket noted", 120);
        Assert.Equal((ReceptionOutcome.Reported, "Ana Lopez"), (reception.Outcome, reception.Caller.Name));
        await caller.HeardEveryWordAsync();

        var ticket = Assert.Single(reception.Tickets).TicketId!.Value;
        var scenario = new Scenario(_city, _simulator, _state, Topology.SimulatedOnDuty) { Ticket = ticket };
        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and the call over", 120);
        Assert.Equal(("accident", Topology.SimulatedOnDuty), (state.Fields.Type, Assert.Single(state.Attempts).To.Value));
        Assert.Contains("Harbour Road", state.Fields.Address, StringComparison.Ordinal);
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
        await scenario.HeardEveryWordAsync();
        Assert.Contains(await scenario.NotesAsync(), note => note.Contains("Caller: There has been an accident", StringComparison.Ordinal));
        Assert.Single((await _simulator.EventsAsync()), happening => happening.Kind == "ticket.created");
    }
}

public sealed class InboundCallThatDrops(CityFixture city)
{
    [Fact]
    public async Task A_caller_who_is_cut_off_in_the_middle_of_a_sentence_leaves_a_ticket_with_their_words()
    {
        var caller = new Caller(city.City, city.Simulator, city.State, "+12025550172");
        await caller.CallsAsync("""
              - on: "how can i help"
                say: Good evening, I am standing on the old bridge over the river and I can see
                hang_up_mid_sentence: 62
            """);
        var reception = await caller.UntilAsync(now => now.Outcome is not null && now.Tickets.Count > 0 && now.Tickets.All(ticket => ticket.Noted), "the call is over and its ticket noted", 120);
        Assert.Equal(ReceptionOutcome.Incomplete, reception.Outcome);
        var ticket = Assert.Single(reception.Tickets);
        Assert.Equal(TicketPurpose.Incomplete, ticket.Purpose);
        var filed = await city.Simulator.TicketAsync(ticket.TicketId!.Value);
        Assert.Contains("Good evening, I am standing on the old", filed["description_text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((int)TicketStatus.Open, filed["status"]!.GetValue<int>());
    }
}

public sealed class ResponderCallsBack(CityFixture city)
{
    [Fact]
    public async Task A_responder_who_misses_our_call_and_calls_back_accepts_in_that_call()
    {
        var scenario = new Scenario(city, "+12025550173");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone).Replace("answer_after: 500ms", "when_called: no-answer", StringComparison.Ordinal));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => (await scenario.CallsAsync()).Any(call => call["status"]!.GetValue<string>() == "ringing"), "the phone rings");
        await city.Simulator.CallInAsync(scenario.Phone);

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and every call over", 120);
        Assert.Equal([CallOutcome.Cancelled, CallOutcome.Acknowledged], state.Attempts.Select(attempt => attempt.Outcome!.Value));
        Assert.Equal(2, (await scenario.CallsAsync()).Count);
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
        await scenario.HeardEveryWordAsync();
    }
}
