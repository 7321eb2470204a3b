namespace CityMonitor.Simulator.Tests;

/// <summary>One simulator with its usual settings for all tests of a class.</summary>
public sealed class PlainSimulator : IAsyncLifetime
{
    internal RunningSimulator Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Running = await RunningSimulator.StartAsync();

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}
