using CityMonitor.Hosting;

namespace CityMonitor.EndToEnd.Tests;

/// <summary>A city of its own whose dispatch flow names the cascade engine: ears, turn taking, a model and a voice of separate vendors instead of one agent.</summary>
sealed class CascadeCity : IAsyncDisposable
{
    readonly DirectoryInfo _flows;

    public required City City { get; init; }

    public required SimulatorClient Simulator { get; init; }

    public required CityState State { get; init; }

    /// <param name="flow">From the shipped flow to this city's.</param>
    /// <param name="worker">Further environment of AgentWorker.</param>
    public static async Task<CascadeCity> StartAsync(Func<string, string> flow, int workers = 1, params (string Key, string Value)[] worker)
    {
        var flows = Directory.CreateTempSubdirectory("cascade-flows-");
        foreach (var shipped in ShippedFlows().EnumerateFiles("*.yaml"))
        {
            var text = await File.ReadAllTextAsync(shipped.FullName);
            await File.WriteAllTextAsync(Path.Combine(flows.FullName, shipped.Name), shipped.Name == "incident-dispatch.yaml" ? flow(text) : text);
        }

        var quick = CityFixture.QuickOptions();
        var environment = quick.Environment.ToDictionary(process => process.Key, process => process.Value);
        environment["AgentWorker"] = environment["AgentWorker"].Concat(worker.Select(one => KeyValuePair.Create(one.Key, one.Value))).Append(KeyValuePair.Create("Flows__Directory", flows.FullName)).ToDictionary();
        var city = await City.StartAsync(new CityOptions { ReadyWithin = quick.ReadyWithin, Environment = environment, Replicas = new Dictionary<string, int> { ["AgentWorker"] = workers } });
        return new CascadeCity(flows) { City = city, Simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk")), State = new CityState(city.Redis) };
    }

    CascadeCity(DirectoryInfo flows) => _flows = flows;

    public async ValueTask DisposeAsync()
    {
        await State.DisposeAsync();
        Simulator.Dispose();
        await City.DisposeAsync();
        _flows.Delete(recursive: true);
    }

    static DirectoryInfo ShippedFlows()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !Directory.Exists(Path.Combine(directory.FullName, "flows")))
        {
            directory = directory.Parent;
        }

        return new DirectoryInfo(Path.Combine(directory!.FullName, "flows"));
    }
}
