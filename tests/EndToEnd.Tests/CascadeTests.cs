using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>A city whose flow names the cascade engine: ears, turn taking, a model and a voice of separate vendors instead of one agent.</summary>
[Collection(nameof(Storms))]
public sealed class CascadeCall : IAsyncLifetime
{
    readonly DirectoryInfo _flows = Directory.CreateTempSubdirectory("cascade-flows-");
    City _city = null!;
    SimulatorClient _simulator = null!;
    CityState _state = null!;

    public async ValueTask InitializeAsync()
    {
        var quick = CityFixture.QuickOptions();
        var environment = quick.Environment.ToDictionary(process => process.Key, process => process.Value);
        environment["AgentWorker"] = new Dictionary<string, string>(environment["AgentWorker"]) { ["Flows__Directory"] = _flows.FullName };
        var shipped = await File.ReadAllTextAsync(ShippedFlow());
        await File.WriteAllTextAsync(Path.Combine(_flows.FullName, "incident-dispatch.yaml"), shipped.Replace("engine: deepgram-agent", "engine: cascade", StringComparison.Ordinal));
        _city = await City.StartAsync(new CityOptions { ReadyWithin = quick.ReadyWithin, Environment = environment, Replicas = new Dictionary<string, int> { ["AgentWorker"] = 2 } });
        _simulator = new SimulatorClient(_city.Simulator, _city.Vendor("Freshdesk"));
        _state = new CityState(_city.Redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _simulator.Dispose();
        await _city.DisposeAsync();
        _flows.Delete(recursive: true);
    }

    static string ShippedFlow()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !Directory.Exists(Path.Combine(directory.FullName, "flows")))
        {
            directory = directory.Parent;
        }

        return Path.Combine(directory!.FullName, "flows", "incident-dispatch.yaml");
    }

    [Fact]
    public async Task A_ticket_is_accepted_in_a_conversation_that_survives_the_worker_that_thinks_for_it()
    {
        var scenario = new Scenario(_city, _simulator, _state, "+12025550141");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => (await scenario.HeardAsync()).Contains("collision", StringComparison.OrdinalIgnoreCase), "the incident is told");
        await _city.KillAsync("AgentWorker");

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and the call over", 120);
        Assert.Contains("Reyes", state.Responder!.Name, StringComparison.Ordinal);
        Assert.Equal(10, state.Responder.EtaMinutes);
        Assert.Equal(scenario.Phone, state.Responder.WhatsApp?.Value);
        Assert.Single(state.Attempts);
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
        await scenario.HeardEveryWordAsync();
    }
}
