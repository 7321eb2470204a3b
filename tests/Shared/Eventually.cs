namespace CityMonitor.Tests.Shared;

/// <summary>Waits for a condition that another process brings about and that cannot be awaited directly.</summary>
static class Eventually
{
    /// <summary>Polls every 20 ms until <paramref name="condition"/> holds; fails with <paramref name="what"/> after the time-out.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null)
    {
        var deadline = DateTime.UtcNow + (timeout ?? TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
            {
                Assert.Fail($"Not within the time allowed: {what}");
            }

            await Task.Delay(20);
        }
    }

    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, timeout);
}
