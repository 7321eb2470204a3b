using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>
/// Writes the records of calls that are over, apart from the stream of any call. Doing it again changes nothing. A disk that takes none is
/// waited for, ever longer; Redis keeps the call until then.
/// </summary>
sealed partial class RecordsHandler(CallRecords records, TranscriptFiles files, Erasure erasure, Alerts alerts, IOptions<TranscriptOptions> options, TimeProvider clock, ILogger<RecordsHandler> log) : IMessageHandler
{
    public const string Alert = "transcripts";

    /// <summary>Late news may come while a record is written; each is a message of its own, so a few looks are plenty.</summary>
    const int MostLooks = 5;

    static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(1);

    public async ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct) => delivery.Message switch
    {
        RecordCall m => await RecordAsync(m.Call, delivery, step, ct),
        EraseSubject m => await erasure.EraseAsync(m, delivery.At, step, ct),
        _ => Handled.Dead($"{delivery.Message.GetType().Name} is nothing to record."),
    };

    async Task<Handled> RecordAsync(CallId call, Delivery delivery, Step step, CancellationToken ct)
    {
        if (await records.BuildAsync(call, ct) is not { } document)
        {
            LogNothingKnown(call);
            return Handled.Done;
        }

        try
        {
            for (var looks = 0; looks < MostLooks && document is not null && !await IsErasedAsync(document, ct); looks++)
            {
                await files.WriteAsync(call, Json(document), ct);
                // A worker that was frozen in between must not leave older news in the place of newer ones.
                var now = await records.BuildAsync(call, ct);
                if (now is not null && Json(now).AsSpan().SequenceEqual(Json(document)))
                {
                    break;
                }

                document = now;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return await WaitForDiskAsync(call, delivery, error, ct);
        }

        alerts.TakeBack(Alert);
        LogWritten(call);
        step.Publish(new AuditEntry("AgentWorker", "transcript.complete", call.Root, call, $"The record of the call is written: {call}.json"));
        return Handled.Done;
    }

    /// <summary>The person has asked to be forgotten: what is left of the call stands there already.</summary>
    async Task<bool> IsErasedAsync(TranscriptDocument document, CancellationToken ct) =>
        await TranscriptFiles.ReadAsync(files.PathOf(CallId.Parse(document.ConversationId)), ct) is { ErasedAt: not null } there && there.AskedAt == document.AskedAt;

    static byte[] Json(TranscriptDocument document) => JsonSerializer.SerializeToUtf8Bytes(document, TranscriptJson.Readable.TranscriptDocument);

    async Task<Handled> WaitForDiskAsync(CallId call, Delivery delivery, Exception error, CancellationToken ct)
    {
        AgentMetrics.TranscriptFailed();
        alerts.Raise(Alert, $"Records of calls cannot be written to {files.Directory}: {error.Message} They wait in Redis. Free the disk, or mend the folder's rights.", options.Value.LongestWait * 3);
        LogNotWritten(error, call);
        await records.KeepAsync(call, ct);
        return Handled.Retry(Wait(clock.GetUtcNow() - delivery.At));
    }

    /// <summary>As long again as it has waited already, so the waits double.</summary>
    TimeSpan Wait(TimeSpan waited) => waited < s_firstWait ? s_firstWait : waited > options.Value.LongestWait ? options.Value.LongestWait : waited;

    [LoggerMessage(4701, LogLevel.Information, "The record of the call {Call} is written")]
    partial void LogWritten(CallId call);

    [LoggerMessage(4702, LogLevel.Error, "The record of the call {Call} cannot be written; it is tried again")]
    partial void LogNotWritten(Exception error, CallId call);

    [LoggerMessage(4703, LogLevel.Warning, "Nothing is known of the call {Call} that shall be recorded")]
    partial void LogNothingKnown(CallId call);
}
