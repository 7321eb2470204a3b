using CityMonitor.Simulator.Phones;

namespace CityMonitor.Simulator.Twilio.Lines;

/// <summary>
/// The one clock of all audio: moves every line on by 20 ms, 50 times a second of wall time. One thread for all calls, because a
/// timer per call costs more than its work, and because lines of one conference must move together.
/// </summary>
sealed partial class Pacer(TimeProvider clock, ILogger<Pacer> logger) : IHostedService, IDisposable
{
    // After a longer stall (a suspended or starved machine) the time is lost rather than played at once: half a second of frames
    // in one go is about what a bad network does; more would be an experiment of its own.
    const int MostTicksAtOnce = 25;

    readonly Lock gate = new();
    readonly ManualResetEventSlim stop = new();
    volatile Line[] lines = [];
    Thread? thread;
    double worstMs;

    /// <summary>How late the latest round was, in ms: whether this machine keeps up.</summary>
    public double LateMs { get; private set; }

    /// <summary>The most that a round was late, in ms, since this was last asked: whether figures of that time are honest.</summary>
    public double TakeWorstLateMs() => Interlocked.Exchange(ref worstMs, 0);

    public int LineCount => lines.Length;

    public void Add(Line line)
    {
        lock (gate)
        {
            lines = [.. lines, line];
        }
    }

    public void Remove(Line line)
    {
        lock (gate)
        {
            lines = [.. lines.Where(other => other != line)];
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        thread = new Thread(Run) { IsBackground = true, Name = "audio pacer" };
        thread.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        stop.Set();
        thread?.Join(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        stop.Set();

        // On a machine so busy that the thread has not ended yet, disposing what it waits for would bring the process down.
        if (thread?.Join(TimeSpan.FromSeconds(5)) != false)
        {
            stop.Dispose();
        }
    }

    void Run()
    {
        var start = clock.GetTimestamp();
        long done = 0;
        while (true)
        {
            var elapsed = clock.GetElapsedTime(start).TotalMilliseconds;
            var due = (long)(elapsed / PhoneOnCall.FrameMs);
            LateMs = due > done ? elapsed - ((done + 1) * PhoneOnCall.FrameMs) : LateMs;
            worstMs = Math.Max(worstMs, LateMs);
            if (due - done > MostTicksAtOnce)
            {
                LogStalled((due - done) * PhoneOnCall.FrameMs);
                done = due - MostTicksAtOnce;
            }

            for (; done < due; done++)
            {
                TickAll();
            }

            var wait = ((done + 1) * PhoneOnCall.FrameMs) - clock.GetElapsedTime(start).TotalMilliseconds;
            if (stop.Wait(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, wait)))))
            {
                return;
            }
        }
    }

    void TickAll()
    {
        foreach (var line in lines)
        {
            try
            {
                line.Tick();
            }
            catch (Exception e)
            {
                // One broken line must not silence all the others.
                LogBroken(e);
                Remove(line);
                line.Broken?.Invoke(e);
            }
        }
    }

    [LoggerMessage(8101, LogLevel.Warning, "The audio clock stood still for {Milliseconds} ms; that time is lost")]
    partial void LogStalled(long milliseconds);

    [LoggerMessage(8102, LogLevel.Error, "A line broke and was closed")]
    partial void LogBroken(Exception exception);
}
