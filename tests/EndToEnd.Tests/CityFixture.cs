using CityMonitor.EndToEnd.Tests;
using CityMonitor.Hosting;

[assembly: AssemblyFixture(typeof(CityFixture))]

namespace CityMonitor.EndToEnd.Tests;

/// <summary>
/// One whole city for all scenarios that leave the others alone; each has a ticket and a phone number of its own, so they run side by
/// side. Waits that take minutes in a real city take seconds here; audio stays real time.
/// </summary>
public sealed class CityFixture : IAsyncLifetime
{
    City? city;
    SimulatorClient? simulator;
    CityState? state;

    public City City => city ?? throw new InvalidOperationException("The city has not started.");

    internal SimulatorClient Simulator => simulator!;

    internal CityState State => state!;

    public async ValueTask InitializeAsync()
    {
        city = await City.StartAsync(QuickOptions());
        simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        state = new CityState(city.Redis);
    }

    public async ValueTask DisposeAsync()
    {
        if (state is not null)
        {
            await state.DisposeAsync();
        }

        simulator?.Dispose();
        if (city is not null)
        {
            await city.DisposeAsync();
        }
    }

    /// <summary>A city whose retries and follow-ups come within seconds.</summary>
    public static CityOptions QuickOptions() => new()
    {
        ReadyWithin = TimeSpan.FromSeconds(120),
        Environment = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["AgentWorker"] = new Dictionary<string, string>
            {
                ["Dispatch__RetryDelays__0"] = "00:00:01",
                ["Dispatch__HungUpDelay"] = "00:00:01",
            },
            ["IncidentPoller"] = new Dictionary<string, string> { ["Freshdesk__PollingInterval"] = "00:00:02" },
            ["Simulator"] = new Dictionary<string, string>
            {
                ["Simulator__Freshdesk__RequestsPerMinute"] = "100000",
                ["Simulator__Freshdesk__CreatesPerMinute"] = "100000",
                ["Simulator__Freshdesk__UpdatesPerMinute"] = "100000",
                ["Simulator__Freshdesk__ListsPerMinute"] = "100000",
            },
        },
    };
}
