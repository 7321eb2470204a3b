using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>Deletes the records that are older than Transcripts:KeepDays. One replica does it.</summary>
sealed partial class TranscriptSweep(Leases leases, TranscriptFiles files, IOptions<TranscriptOptions> options, TimeProvider clock, ILogger<TranscriptSweep> log) : LeasedService(leases)
{
    protected override string Name => "transcripts";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        while (true)
        {
            Sweep();
            await Task.Delay(options.Value.SweepEvery, clock, lost);
        }
    }

    void Sweep()
    {
        try
        {
            var now = clock.GetUtcNow().UtcDateTime;
            var deleted = files.DeleteBefore(options.Value.KeepDays == 0 ? DateTime.MinValue : now.AddDays(-options.Value.KeepDays), now);
            if (deleted > 0)
            {
                LogDeleted(deleted, options.Value.KeepDays);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Tomorrow's sweep takes them.
            LogFailed(error, files.Directory);
        }
    }

    [LoggerMessage(4711, LogLevel.Information, "{Count} records of calls older than {Days} days are deleted")]
    partial void LogDeleted(int count, int days);

    [LoggerMessage(4712, LogLevel.Error, "Old records of calls in {Directory} cannot be deleted")]
    partial void LogFailed(Exception error, string directory);
}
