using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// How long one handling of a message may take. A handler that hangs would hold up its incident's messages, in the end those of its whole
/// process; every vendor's answer has a shorter limit of its own.
/// </summary>
/// <param name="Longest">Then the handler's token fires.</param>
/// <param name="Grace">A handler that has not ended this long after its token fired is left behind.</param>
sealed record HandlingLimits(TimeSpan Longest, TimeSpan Grace)
{
    /// <summary>Of a partition: the incident's other messages, and with them its live call, wait meanwhile.</summary>
    public static readonly HandlingLimits InOrder = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5));

    /// <summary>Of a work stream: nobody waits, and ten pictures through a slow Twilio take more than a minute.</summary>
    public static readonly HandlingLimits SideBySide = new(TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(5));
}

/// <summary>The handler does not heed its token and still runs. Nothing that it does from now on is committed: its step is thrown away.</summary>
sealed class HandlerAbandonedException(TimeSpan after) : Exception($"Its handling had not ended after {after.TotalSeconds:0.#} s and does not stop when told to.");

/// <summary>Runs a handler within its limits.</summary>
static class LimitedHandling
{
    /// <exception cref="HandlerAbandonedException">It was left behind.</exception>
    /// <exception cref="TimeoutException">It took too long and stopped when told to.</exception>
    public static async Task<Handled> RunAsync(IMessageHandler handler, Delivery delivery, Step step, HandlingLimits limits, TimeProvider clock, Action<TimeSpan> endedAfterAll, CancellationToken ct)
    {
        var start = clock.GetTimestamp();
        using var late = new CancellationTokenSource(limits.Longest, clock);
        using var told = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        var token = told.Token;

        // On a thread of its own choice: one that blocks without ever awaiting holds up nobody either.
        var work = Task.Run(async () => await handler.HandleAsync(delivery, step, token), CancellationToken.None);
        try
        {
            return await work.WaitAsync(token);
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // Told to stop; it may still come to its end.
        }

        try
        {
            return await work.WaitAsync(limits.Grace, clock, CancellationToken.None);
        }
        catch (TimeoutException) when (!work.IsCompleted)
        {
            _ = SeeOffAsync(work, () => endedAfterAll(clock.GetElapsedTime(start))); // owned by nobody, as it heeds nobody; its end is logged
            throw new HandlerAbandonedException(clock.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && late.IsCancellationRequested)
        {
            throw new TimeoutException($"Its handling took longer than {limits.Longest.TotalSeconds:0.#} s.");
        }
    }

    static async Task SeeOffAsync(Task work, Action ended)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended();
    }
}
