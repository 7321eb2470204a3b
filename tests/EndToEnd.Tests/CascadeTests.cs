using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>One call of the cascade engine through every service.</summary>
[Collection(nameof(Storms))]
public sealed class CascadeCall : IAsyncLifetime
{
    CascadeCity _cascade = null!;

    public async ValueTask InitializeAsync() =>
        _cascade = await CascadeCity.StartAsync(shipped => shipped.Replace("engine: deepgram-agent", "engine: cascade", StringComparison.Ordinal), workers: 2);

    public ValueTask DisposeAsync() => _cascade.DisposeAsync();

    [Fact]
    public async Task A_ticket_is_accepted_in_a_conversation_that_survives_the_worker_that_thinks_for_it()
    {
        var scenario = new Scenario(_cascade.City, _cascade.Simulator, _cascade.State, "+12025550141");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => (await scenario.HeardAsync()).Contains("collision", StringComparison.OrdinalIgnoreCase), "the incident is told");
        await _cascade.City.KillAsync("AgentWorker");

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and the call over", 120);
        Assert.Contains("Reyes", state.Responder!.Name, StringComparison.Ordinal);
        Assert.Equal(10, state.Responder.EtaMinutes);
        Assert.Equal(scenario.Phone, state.Responder.WhatsApp?.Value);
        Assert.Single(state.Attempts);
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
        await scenario.HeardEveryWordAsync();
        Assert.Equal("cascade", (await RecordedCall.ReadAsync(_cascade.City, scenario, state)).GetProperty("engine").GetString());
    }
}

/// <summary>Phones that speak into the agent's words at random moments, side by side. The long mode ./test.sh --heard plays a thousand turns of it.</summary>
[Collection(nameof(Storms))]
public sealed class RandomInterruptions : IAsyncLifetime
{
    const int Calls = 10, Turns = 3, Seed = 20;

    CascadeCity _cascade = null!;

    public async ValueTask InitializeAsync() => _cascade = await CascadeCity.StartAsync(Chatter.Flow, workers: 1, ("Dispatch__Attempts", "1"));

    public ValueTask DisposeAsync() => _cascade.DisposeAsync();

    [Fact]
    public async Task What_phones_heard_is_what_transcripts_say_whenever_they_interrupt()
    {
        var scenarios = Enumerable.Range(0, Calls).Select(n => new Scenario(_cascade.City, _cascade.Simulator, _cascade.State, $"+120255501{n + 50:00}")).ToList();
        await Task.WhenAll(scenarios.Select(async (scenario, n) =>
        {
            await scenario.PhoneAsync(Chatter.Phone(scenario.Phone, Seed + n, Turns));
            await scenario.FileAsync();
        }));
        var (taken, cut) = (0, 0);
        foreach (var scenario in scenarios)
        {
            var state = await scenario.UntilAsync(s => s.Attempts.Count > 0 && s.Attempts.All(a => a is { EndedAt: not null, Outcome: not null }), "the call is over", 240);
            var turns = await _cascade.State.TurnsAsync(state.Attempts[^1].Call, TestContext.Current.CancellationToken);
            var spoken = WordForWord.Agent(turns, turn => turn.Speaker == Speaker.Agent, turn => new WordForWord.Spoken(turn.Text, turn.Interrupted));
            var difference = WordForWord.Compare(spoken, WordForWord.Words(await scenario.HeardAsync()));
            Assert.True(difference is null, $"{scenario.Phone}: {difference}");
            (taken, cut) = (taken + turns.Count - spoken.Count, cut + spoken.Count(turn => turn.Interrupted));
        }

        Assert.True(taken >= Calls * Turns, $"only {taken} turns were taken");
        Assert.True(cut >= Calls, $"only {cut} turns were cut");
    }
}
