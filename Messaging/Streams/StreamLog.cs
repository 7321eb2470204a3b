using Microsoft.Extensions.Logging;

namespace CityMonitor.Messaging.Streams;

static partial class StreamLog
{
    [LoggerMessage(1201, LogLevel.Warning, "Timers wait: {Reason}")]
    public static partial void TimersWait(ILogger log, string reason);

    [LoggerMessage(1202, LogLevel.Warning, "Reading {Streams} is interrupted: {Reason}")]
    public static partial void ReadInterrupted(ILogger log, string streams, string reason, Exception? error);

    [LoggerMessage(1203, LogLevel.Error, "{Stream} was not a stream; what it held was moved to {Quarantine}")]
    public static partial void Quarantined(ILogger log, string stream, string quarantine);

    [LoggerMessage(1204, LogLevel.Warning, "Handling {Type} {EntryId} of {Stream} failed ({Deliveries} of 5)")]
    public static partial void HandlerFailed(ILogger log, Exception error, string? type, string entryId, string stream, long deliveries);

    [LoggerMessage(1205, LogLevel.Warning, "Handling {Type} {EntryId} of {Stream} waits for Redis: {Reason}")]
    public static partial void HandlerWaits(ILogger log, string? type, string entryId, string stream, string reason);

    [LoggerMessage(1215, LogLevel.Error, "{Type} {EntryId} of {Stream} cannot be settled and stays pending")]
    public static partial void LeftPending(ILogger log, Exception error, string? type, string entryId, string stream);

    [LoggerMessage(1217, LogLevel.Error, "The handler of {Type} {EntryId} of {Stream} is left behind, and nothing that it does is committed: {Reason}")]
    public static partial void HandlerAbandoned(ILogger log, string? type, string entryId, string stream, string reason);

    [LoggerMessage(1218, LogLevel.Warning, "The handler of {Type} {EntryId} of {Stream} that was left behind ended after {Seconds:0.#} s")]
    public static partial void AbandonedEnded(ILogger log, string? type, string entryId, string stream, double seconds);

    [LoggerMessage(1206, LogLevel.Error, "Gave up {Type} {EntryId} of {Stream}: {Reason}")]
    public static partial void GivenUp(ILogger log, string? type, string entryId, string stream, string reason);

    [LoggerMessage(1207, LogLevel.Warning, "The commit of {Type} {EntryId} of {Stream} was refused: {Result}")]
    public static partial void CommitRefused(ILogger log, string? type, string entryId, string stream, CommitResult result);

    [LoggerMessage(1208, LogLevel.Information, "Took partitions {Partitions}; holds {Count} now")]
    public static partial void PartitionsTaken(ILogger log, string partitions, int count);

    [LoggerMessage(1209, LogLevel.Warning, "Lost partition {Partition} with epoch {Epoch}")]
    public static partial void PartitionLost(ILogger log, int partition, long epoch);

    [LoggerMessage(1210, LogLevel.Information, "Gave partitions {Partitions} back")]
    public static partial void PartitionsReleased(ILogger log, string partitions);

    [LoggerMessage(1211, LogLevel.Warning, "Partitions: {Reason}")]
    public static partial void LeasesWait(ILogger log, string reason, Exception? error);

    [LoggerMessage(1212, LogLevel.Warning, "The janitor waits: {Reason}")]
    public static partial void JanitorWaits(ILogger log, string reason);

    [LoggerMessage(1216, LogLevel.Warning, "{Count} messages were given up and wait in cm:dead for a person: look at their errors, then replay or discard them")]
    public static partial void DeadLettersWait(ILogger log, long count);

    [LoggerMessage(1213, LogLevel.Error, "A speech message could not be handed over: {Reason}")]
    public static partial void SpeechNotHeard(ILogger log, string reason, Exception? error);

    [LoggerMessage(1214, LogLevel.Information, "The reader of {Stream} ended")]
    public static partial void ReaderEnded(ILogger log, string stream);
}
