using CityMonitor.MediaBridge.Directory;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>One clock for every conversation: a timer per stream would cost more than it tells.</summary>
sealed class StreamClock(LiveStreams streams, BridgeDirectory directory, TimeProvider clock, ILogger<StreamClock> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>A process that stood still for this long may have lost its lease, and with it its calls.</summary>
    static readonly TimeSpan Frozen = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var last = clock.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (clock.GetElapsedTime(last) is var gap && gap >= Frozen)
                {
                    StreamClockLog.StoodStill(log, gap.TotalSeconds);
                    await directory.LookAgainAsync(stoppingToken);
                }

                last = clock.GetTimestamp();
                foreach (var stream in streams.All)
                {
                    Tick(stream);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            StreamClockLog.Stopped(log);
        }
    }

    void Tick(LiveStream stream)
    {
        try
        {
            stream.Conversation.Tick();
        }
#pragma warning disable CA1031 // One conversation's fault must not stop the clock of the others.
        catch (Exception error)
#pragma warning restore CA1031
        {
            StreamClockLog.Failed(log, stream.Call.Value, error);
        }
    }
}

static partial class StreamClockLog
{
    [LoggerMessage(2701, LogLevel.Debug, "The streams' clock has stopped")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(2703, LogLevel.Warning, "The process stood still for {Seconds:F1} s")]
    public static partial void StoodStill(ILogger log, double seconds);

    [LoggerMessage(2702, LogLevel.Error, "A tick of call {Call} failed")]
    public static partial void Failed(ILogger log, string call, Exception error);
}
