using System.Net.WebSockets;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.MediaBridge.Twilio;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Carries one of Twilio's sockets from its first message to its last, and frees all that it held.</summary>
sealed class CallStreams(
    StreamAdmission admission, LiveStreams live, CallStore calls, MessageBus bus, RedisClient redis, PhraseBook phrases, IConversationEngineFactory engines,
    BridgeId bridge, DrainTime drain, IOptions<BridgeOptions> options, IOptions<TurnsOptions> turns, IOptions<DeepgramOptions> deepgram, TimeProvider clock, ILogger<CallStreams> log)
{
    // The phone hears nothing meanwhile; refused, the call is told 'one moment' and comes again.
    static readonly TimeSpan AdmissionTimeout = TimeSpan.FromSeconds(2);
    static readonly TimeSpan LastRecordsTimeout = TimeSpan.FromSeconds(3);
    static readonly TimeSpan RecordsAtMost = TimeSpan.FromSeconds(60);
    static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    /// <param name="signature">X-Twilio-Signature of the handshake.</param>
    public async Task RunAsync(WebSocket socket, string? signature, CancellationToken aborted)
    {
        using var phone = new PhoneSocket(socket, static bytes => BridgeTelemetry.DroppedAudio.Add(bytes, BridgeTelemetry.Tag("direction", "to-phone")));
        var (opening, refusal) = await AdmitAsync(phone, signature, aborted);
        if (opening is null)
        {
            if (refusal != Rehearsal.Refusal)
            {
                BridgeTelemetry.RefusedStreams.Add(1, BridgeTelemetry.Tag("reason", refusal));
                CallStreamsLog.Refused(log, refusal);
            }

            await phone.CloseOutputAsync(CloseStatusOf(refusal), refusal);
            await PhoneReader.DiscardAsync(phone, CloseTimeout);
            return;
        }

        using var scope = log.BeginScope(new Dictionary<string, object> { ["call"] = opening.Session.Call.Value });
        BridgeTelemetry.ActiveStreams.Add(1);
        try
        {
            await CarryAsync(phone, opening);
        }
        finally
        {
            BridgeTelemetry.ActiveStreams.Add(-1);
            live.LeavePlace();
        }
    }

    static WebSocketCloseStatus CloseStatusOf(string reason) => reason switch
    {
        "message-too-large" => WebSocketCloseStatus.MessageTooBig,
        "full" => WebSocketCloseStatus.EndpointUnavailable,
        "redis" => WebSocketCloseStatus.InternalServerError,
        _ => WebSocketCloseStatus.PolicyViolation,
    };

    sealed record Opening(StreamStart Start, CallSession Session, int Number, IReadOnlyList<HistoryEntry> Past, string Unheard, double AlreadySeconds, string? Spoken, string? Traceparent);

    async Task<(Opening? Opening, string Refusal)> AdmitAsync(PhoneSocket phone, string? signature, CancellationToken aborted)
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        var starting = PhoneReader.ReadStartAsync(phone, givenUp.Token);
        try
        {
            // Not by cancelling the read at once: that would abort the socket, and the reason could not be sent.
            await starting.WaitAsync(TimeSpan.FromMilliseconds(options.Value.StartTimeoutMs), clock, aborted);
        }
        catch (TimeoutException)
        {
            await phone.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, "start-timeout");
            await Task.WhenAny(starting, Task.Delay(CloseTimeout, clock, aborted));
            await givenUp.CancelAsync(); // a peer that answers no close frame would hold its socket for ever: an abort alone does not end a read
            await ((Task)starting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return (null, "start-timeout");
        }
        catch (OperationCanceledException)
        {
            return (null, "aborted");
        }

        var (start, problem) = await starting;
        if (start is null)
        {
            return (null, problem);
        }

        if (!live.TryTakePlace())
        {
            return (null, "full"); // its token stays unspent
        }

        Opening? opening = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        patience.CancelAfter(AdmissionTimeout);
        try
        {
            var (session, refusal) = await admission.AdmitAsync(start, signature, patience.Token);
            opening = session is null ? null : await OpenAsync(start, session, patience.Token);
            return (opening, refusal);
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException or System.Text.Json.JsonException)
        {
            CallStreamsLog.NoRedis(log, error);
            return (null, "redis");
        }
        finally
        {
            if (opening is null)
            {
                live.LeavePlace();
            }
        }
    }

    async Task<Opening> OpenAsync(StreamStart start, CallSession session, CancellationToken ct)
    {
        var number = await calls.BeginStreamAsync(session.Call, bridge.Value, ct);
        var fields = await calls.ReadAsync(session.Call, ct);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var began = fields.TryGetValue(CallFields.Began, out var at) ? at.Number : now;
        if (began == now)
        {
            await calls.WriteAsync(session.Call, new Dictionary<string, string> { [CallFields.Began] = now.ToString(System.Globalization.CultureInfo.InvariantCulture) }, ct);
        }

        var past = new List<HistoryEntry>();
        var unheard = "";
        if (number > 1)
        {
            past.AddRange((await calls.ReadTurnsAsync(session.Call, ct)).Where(turn => turn.Speaker is not Speaker.Agent || !HoldingPhrases.BeginsOne(turn.Text)).Select(turn => new HistoryEntry.Said(turn.Speaker, turn.Text)));
            if (SpeakingPosition.Parse(fields.GetValueOrDefault(CallFields.Speaking)?.Text) is { } speaking)
            {
                (var heard, unheard) = speaking.Split();
                if (heard.Length > 0)
                {
                    past.Add(new HistoryEntry.Said(Speaker.Agent, heard));
                    await calls.AppendTurnAsync(session.Call, new Turn(clock.GetUtcNow(), Speaker.Agent, heard, true), ct);
                }
            }
        }

        return new Opening(start, session, number, past, unheard, (now - began) / 1000.0, number > 1 ? fields.GetValueOrDefault(CallFields.Spoken)?.Text : null, fields.GetValueOrDefault(CallFields.Trace)?.Text);
    }

    async Task CarryAsync(PhoneSocket phone, Opening opening)
    {
        var session = opening.Session;
        using var span = BridgeTelemetry.StartStream(opening.Traceparent, session.Call.Value, opening.Number);
        using var stopEngines = new CancellationTokenSource();
        using var stopPhone = new CancellationTokenSource();
        using var stopRecords = new CancellationTokenSource();
        CallStreamsLog.Started(log, opening.Number);

        var records = new CallLog(session.Call, opening.Number, bridge.Value, calls, bus, redis, clock, log);
        var seat = new EngineSeat(engines, session, deepgram, clock, log);
        await using var local = new LocalSpeech(phrases, session.Voice, log);
        phone.Name(opening.Start.StreamSid);
        using var conversation = new Conversation(
            session, opening.Number, phone, records, local, turns.Value, clock, log, opening.Past, opening.Unheard, opening.AlreadySeconds, opening.Spoken)
        {
            Span = span,
            RequestEngine = seat.Request,
            EngineProved = seat.Proved,
        };
        var stream = new LiveStream(session, opening.Number, clock.GetUtcNow(), conversation);

        var recording = records.RunAsync(stopRecords.Token);
        records.Publish(new MediaStarted(session.Call, opening.Number, bridge.Value));
        records.Audit("media.started", $"Stream {opening.Number}");
        var writing = phone.WriteAsync(stopPhone.Token);
        var seating = seat.RunAsync(conversation, stopEngines.Token);
        live.Add(stream);
        conversation.Start();
        if (live.IsDraining)
        {
            conversation.Drain(drain.AtMost);
        }

        var reading = PhoneReader.ReadFramesAsync(phone, conversation, opening.Start.StreamSid, stopPhone.Token);
        var end = await conversation.Ended;
        live.Remove(stream);
        conversation.Dispose();
        await stopEngines.CancelAsync();
        await seating;

        if (end.End is { } reason)
        {
            records.Field(CallFields.End, reason);
        }
        else if (end == StreamEnd.EngineFailed)
        {
            records.Field(CallFields.Mode, "keypad");
        }

        records.ReleaseBridge();
        records.Publish(new MediaStopped(session.Call, opening.Number, end.Reason));
        records.Audit("media.stopped", $"Stream {opening.Number}: {end.Reason}");
        records.Complete();

        // Whatever TelephonyApi reads at /twilio/continue must be written before the socket closes; but no outage holds up the call.
        await Task.WhenAny(recording, Task.Delay(LastRecordsTimeout, clock));
        await ClosePhoneAsync(phone, end, reading, writing, stopPhone);

        stopRecords.CancelAfter(RecordsAtMost);
        await recording;
        BridgeTelemetry.EndedStreams.Add(1, BridgeTelemetry.Tag("reason", end.Reason));
        span?.SetTag("citymonitor.media.end", end.Reason);
        CallStreamsLog.Ended(log, opening.Number, end.Reason);
    }

    async Task ClosePhoneAsync(PhoneSocket phone, StreamEnd end, Task reading, Task writing, CancellationTokenSource stopPhone)
    {
        phone.CompleteWriting();
        if (await Task.WhenAny(writing, Task.Delay(CloseTimeout, clock)) == writing)
        {
            await phone.CloseOutputAsync(
                end == StreamEnd.Error ? WebSocketCloseStatus.InternalServerError
                : end == StreamEnd.TooLarge ? WebSocketCloseStatus.MessageTooBig
                : WebSocketCloseStatus.NormalClosure,
                end.Reason);
            await Task.WhenAny(end == StreamEnd.TooLarge ? PhoneReader.DiscardAsync(phone, CloseTimeout) : reading, Task.Delay(CloseTimeout, clock));
        }

        await stopPhone.CancelAsync();
        phone.Abort();
        await Task.WhenAll(reading, writing);
    }
}

static partial class CallStreamsLog
{
    [LoggerMessage(2801, LogLevel.Warning, "A media stream was refused: {Reason}")]
    public static partial void Refused(ILogger log, string reason);

    [LoggerMessage(2802, LogLevel.Error, "A media stream was refused, since its call could not be read")]
    public static partial void NoRedis(ILogger log, Exception error);

    [LoggerMessage(2803, LogLevel.Information, "Stream {Number} of the call begins")]
    public static partial void Started(ILogger log, int number);

    [LoggerMessage(2804, LogLevel.Information, "Stream {Number} of the call has ended: {Reason}")]
    public static partial void Ended(ILogger log, int number, string reason);
}
