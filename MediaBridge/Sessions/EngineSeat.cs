using System.Threading.Channels;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// Where a conversation's engine sits: opens one when asked, replaces one that is lost or mute, gives up after three failures in a row
/// (whatever their kind) without anything useful in between. One loop owns every engine, so none is left open.
/// </summary>
sealed class EngineSeat(IConversationEngineFactory factory, CallSession session, IOptions<DeepgramOptions> options, TimeProvider clock, ILogger log)
{
    public const int FailuresToGiveUp = 3;

    /// <summary>Reasons to open an engine that are no failure of the one before.</summary>
    public const string Start = "start";
    public const string ToolAnswered = "tool-answered";

    // One request is enough: a conversation asks again only after it has got an engine.
    readonly Channel<string> requests = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    IConversationEngine? seated;
    int failures;

    public void Request(string reason) => requests.Writer.TryWrite(reason);

    public void Proved() => Volatile.Write(ref failures, 0);

    public async Task RunAsync(Conversation conversation, CancellationToken ct)
    {
        try
        {
            await foreach (var reason in requests.Reader.ReadAllAsync(ct))
            {
                if (reason != Start)
                {
                    BridgeTelemetry.EngineReopened.Add(1, BridgeTelemetry.Tag("reason", reason));
                }

                if (reason is not (Start or ToolAnswered))
                {
                    Interlocked.Increment(ref failures);
                }

                await LeaveAsync();
                if (!await TryOpenAsync(conversation, ct))
                {
                    conversation.EngineFailed();
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The stream is over.
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // A fault of ours: the caller still gets keypad mode.
            EngineSeatLog.Broken(log, error);
            conversation.EngineFailed();
        }
        finally
        {
            await LeaveAsync();
        }
    }

    async Task<bool> TryOpenAsync(Conversation conversation, CancellationToken ct)
    {
        while (Volatile.Read(ref failures) < FailuresToGiveUp)
        {
            var began = clock.GetTimestamp();
            var (history, unanswered) = conversation.Opening();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(TimeSpan.FromMilliseconds(options.Value.OpenTimeoutMs + (1000 * failures)));
            try
            {
                seated = await factory.OpenAsync(session, history, conversation, patience.Token);
                if (conversation.EngineReady(seated, unanswered))
                {
                    BridgeTelemetry.EngineOpen.Record(clock.GetElapsedTime(began).TotalSeconds);
                    return true;
                }

                await LeaveAsync();
            }
            catch (EngineRefusedException refused)
            {
                EngineSeatLog.NotOpened(log, refused.Message);
                if (refused.Final)
                {
                    return false;
                }
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                EngineSeatLog.NotOpened(log, "no answer in time");
            }

            var failed = Interlocked.Increment(ref failures);
            if (failed < FailuresToGiveUp)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100 * failed), clock, ct);
            }
        }

        return false;
    }

    async Task LeaveAsync()
    {
        if (seated is { } leaving)
        {
            seated = null;
            try
            {
                await leaving.DisposeAsync();
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                EngineSeatLog.NotLeft(log, error); // the stream's end, and the next engine, must not fail for it
            }
        }
    }
}

static partial class EngineSeatLog
{
    [LoggerMessage(2501, LogLevel.Error, "The speech engine could not be opened: {Reason}")]
    public static partial void NotOpened(ILogger log, string reason);

    [LoggerMessage(2502, LogLevel.Error, "Opening a speech engine failed unexpectedly")]
    public static partial void Broken(ILogger log, Exception error);

    [LoggerMessage(2503, LogLevel.Error, "A speech engine could not be closed")]
    public static partial void NotLeft(ILogger log, Exception error);
}
