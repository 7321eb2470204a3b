namespace CityMonitor.Simulator.Tests.Deepgram;

/// <summary>One simulator for all tests of a class, each with a session of its own. The agent thinks and speaks much faster than the real one.</summary>
public sealed class QuickSimulator : IAsyncLifetime
{
    internal RunningSimulator Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Running = await RunningSimulator.StartAsync(("Simulator:Deepgram:AudioSpeed", "200"), ("Simulator:Deepgram:ThinkTime", "00:00:00.010"));

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}

/// <summary>The same, but the agent speaks at the speed of the real one, so that there is a middle to interrupt.</summary>
public sealed class NaturalSimulator : IAsyncLifetime
{
    internal RunningSimulator Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Running = await RunningSimulator.StartAsync(("Simulator:Deepgram:ThinkTime", "00:00:00.020"));

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}
