using CityMonitor.MediaBridge.Directory;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>On SIGTERM: no new streams; each conversation is closed at its next pause and goes on at another bridge. Runs before anything else stops.</summary>
sealed class StreamDrain(LiveStreams streams, BridgeDirectory directory, DrainTime time, TimeProvider clock, ILogger<StreamDrain> log) : IHostedLifecycleService
{
    static readonly TimeSpan Margin = TimeSpan.FromSeconds(8);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var atMost = time.AtMost;
        streams.BeginDrain(atMost);
        StreamDrainLog.Draining(log, streams.Count);
        await directory.AnnounceAsync(cancellationToken);
        var began = clock.GetTimestamp();
        while (streams.HasSockets && clock.GetElapsedTime(began) < atMost + Margin && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), clock, CancellationToken.None);
        }

        StreamDrainLog.Drained(log, streams.Count);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

static partial class StreamDrainLog
{
    [LoggerMessage(2951, LogLevel.Information, "Draining {Count} streams")]
    public static partial void Draining(ILogger log, int count);

    [LoggerMessage(2952, LogLevel.Information, "Drained; {Count} streams are left")]
    public static partial void Drained(ILogger log, int count);
}
