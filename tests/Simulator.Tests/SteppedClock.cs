namespace CityMonitor.Simulator.Tests;

/// <summary>A wall clock that stands still until it is stepped; timers still run in real time.</summary>
sealed class SteppedClock(DateTimeOffset now) : TimeProvider
{
    DateTimeOffset now = now;

    public override DateTimeOffset GetUtcNow() => now;

    public void Step(TimeSpan by) => now += by;
}
