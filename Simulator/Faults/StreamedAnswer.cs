namespace CityMonitor.Simulator.Faults;

/// <summary>An answer over HTTP that comes in pieces, with the board's faults between them: cut, silent, late, broken off.</summary>
sealed class StreamedAnswer : IDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    readonly HttpContext context;
    readonly FaultBoard faults;
    readonly string target;
    readonly TimeProvider clock;
    readonly IDisposable tracked;
    readonly long begin;

    public StreamedAnswer(HttpContext context, FaultBoard faults, string target, TimeProvider clock)
    {
        (this.context, this.faults, this.target, this.clock) = (context, faults, target, clock);
        begin = clock.GetTimestamp();
        tracked = faults.Track(target, context.Abort);
    }

    /// <summary>Sends a piece so long after the beginning, or as soon as the faults let it through.</summary>
    /// <returns>False when the answer breaks off before it: the vendor's own error is then the last thing to send.</returns>
    public async Task<bool> SendAsync(ReadOnlyMemory<byte> piece, TimeSpan due)
    {
        var fault = faults.Get(target);
        var wait = due + TimeSpan.FromMilliseconds(fault.LateMs ?? 0) - clock.GetElapsedTime(begin);
        if (wait > TimeSpan.FromMilliseconds(1))
        {
            await Task.Delay(wait, clock, context.RequestAborted);
        }

        while (faults.IsMute(target))
        {
            await Task.Delay(Look, clock, context.RequestAborted);
        }

        if (faults.Get(target).FailStreams)
        {
            return false;
        }

        await SendNowAsync(piece);
        return true;
    }

    /// <summary>Sends a piece whatever the faults say.</summary>
    public async Task SendNowAsync(ReadOnlyMemory<byte> piece)
    {
        await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    public void Dispose() => tracked.Dispose();
}
