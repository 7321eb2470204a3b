namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Lets so many calls a second out of the queue, in the order in which they came.</summary>
sealed class CallRate(TwilioSettings settings, TimeProvider clock)
{
    readonly Lock gate = new();
    DateTimeOffset nextSlot = DateTimeOffset.MinValue;

    /// <returns>How long the call had to wait.</returns>
    public async Task<TimeSpan> WaitAsync(CancellationToken cancellation)
    {
        TimeSpan wait;
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var slot = nextSlot > now ? nextSlot : now;
            nextSlot = slot + TimeSpan.FromSeconds(1 / settings.CallsPerSecond);
            wait = slot - now;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, clock, cancellation);
        }

        return wait;
    }

    public void Reset()
    {
        lock (gate)
        {
            nextSlot = DateTimeOffset.MinValue;
        }
    }
}
