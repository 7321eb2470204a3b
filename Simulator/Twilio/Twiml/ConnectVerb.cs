using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Xml.Linq;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Streams;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary>
/// <c>&lt;Connect&gt;&lt;Stream&gt;</c> (two-way; the next verb waits for the application to close the socket) and
/// <c>&lt;Start&gt;&lt;Stream&gt;</c> (one-way, beside everything else).
/// </summary>
sealed class ConnectVerb(
    TwilioSettings settings, Timeline timeline, OrderedWebhooks webhooks, CallProgress progress, FaultBoard faults, TimeProvider clock)
{
    const int ConnectionFailed = 31901;
    const int ConnectionLost = 31903;
    const int HandshakeFailed = 31920;

    static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(10);

    readonly ConcurrentDictionary<(string CallSid, string Name), CancellationTokenSource> oneWay = new();

    public async Task<AfterVerb> RunAsync(VerbContext context, XElement connect, CancellationToken cancellation)
    {
        if (Child(connect) is not { } element)
        {
            progress.Error(context.Call, TwimlException.UnknownElement, "<Connect> needs a <Stream>; nothing else is simulated in it.");
            return AfterVerb.Next;
        }

        var (record, reports) = Prepare(context, element, bidirectional: true);
        var end = await StreamAsync(context, element, record, reports, Tracks.Inbound, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (end != StreamEnd.PeerClosed && settings.SocketLoss != SocketLoss.NextVerb)
        {
            context.Call.Note("stream lost", settings.SocketLoss.ToString());
            if (settings.SocketLoss == SocketLoss.Hang)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            return AfterVerb.End;
        }

        return connect.Attribute("action") is null ? AfterVerb.Next
            : AfterVerb.To(context.Source(connect, "action", new KeyValuePair<string, string>("StreamSid", record.Sid)));
    }

    public void Start(VerbContext context, XElement start)
    {
        if (Child(start) is { } element)
        {
            StartOneWay(context, element);
        }
        else
        {
            progress.Error(context.Call, TwimlException.UnknownElement, "<Start> needs a <Stream>; nothing else is simulated in it.");
        }
    }

    public void Stop(VerbContext context, XElement stop)
    {
        if (Child(stop)?.Attribute("name")?.Value is { } name)
        {
            StopOneWay(context.Call, name);
        }
    }

    /// <param name="element">A <c>&lt;Stream&gt;</c>.</param>
    public StreamRecord StartOneWay(VerbContext context, XElement element)
    {
        var tracks = element.Attribute("track")?.Value switch { "both_tracks" => Tracks.Both, "outbound_track" => Tracks.Outbound, _ => Tracks.Inbound };
        var (record, reports) = Prepare(context, element, bidirectional: false);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Call.EndRequested);
        oneWay[(context.Call.Sid, record.Name)] = stop;
        context.Call.Own(RunOneWayAsync(context, element, record, reports, tracks, stop));
        return record;
    }

    /// <summary>False when no one-way stream of that name is open.</summary>
    public bool StopOneWay(Call call, string name)
    {
        if (!oneWay.TryGetValue((call.Sid, name), out var running))
        {
            return false;
        }

        _ = running.CancelAsync();
        return true;
    }

    async Task RunOneWayAsync(
        VerbContext context, XElement element, StreamRecord record, StreamReports reports, Tracks tracks, CancellationTokenSource stop)
    {
        await StreamAsync(context, element, record, reports, tracks, stop.Token);
        oneWay.TryRemove((context.Call.Sid, record.Name), out _);
        stop.Dispose();
    }

    async Task<StreamEnd> StreamAsync(
        VerbContext context, XElement element, StreamRecord record, StreamReports reports, Tracks tracks, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        if (!await OpenAsync(context, socket, record, reports, cancellation))
        {
            socket.Dispose();
            return cancellation.IsCancellationRequested ? StreamEnd.Stopped : StreamEnd.Lost;
        }

        reports.Started(record);
        var stream = new MediaStream(
            socket, context.Call.AccountSid, context.Call.Sid, record, tracks, settings.PlaybackBufferSeconds, reports, clock);
        var serving = ServeAsync(context, socket, stream, record, reports, cancellation);
        using (Attach(context, stream, record))
        {
            await ((Task)serving).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (serving.IsCompleted || !record.Bidirectional)
        {
            return await serving;
        }

        // Hung up or updated: an application that answers no close frame holds up its own socket, never what the call does next.
        context.Call.Own(serving);
        return StreamEnd.Stopped;
    }

    /// <summary>The socket's life, to its close and the reports about it.</summary>
    async Task<StreamEnd> ServeAsync(
        VerbContext context, ClientWebSocket socket, MediaStream stream, StreamRecord record, StreamReports reports, CancellationToken cancellation)
    {
        using var disposed = socket;
        using var tracked = faults.Track(FaultTarget.Twilio, socket.Abort);
        var end = await stream.RunAsync(cancellation);
        if (end == StreamEnd.Lost)
        {
            reports.Error(record, ConnectionLost, "Stream - Connection lost: the socket broke without a close");
        }

        reports.Stopped(record, end switch
        {
            StreamEnd.PeerClosed => "application",
            StreamEnd.Lost => "connection loss",
            _ => context.Call.EndRequested.IsCancellationRequested ? "end of call" : "update",
        });
        return end;
    }

    static Attachment Attach(VerbContext context, MediaStream stream, StreamRecord record)
    {
        if (!record.Bidirectional)
        {
            context.Line.AddTap(stream);
            return new Attachment(() => context.Line.RemoveTap(stream));
        }

        var connection = context.Line.Connect(stream);
        context.Line.KeyPressed = stream.Press;
        return new Attachment(() =>
        {
            context.Line.KeyPressed = null;
            connection.Dispose();
        });
    }

    async Task<bool> OpenAsync(VerbContext context, ClientWebSocket socket, StreamRecord record, StreamReports reports, CancellationToken cancellation)
    {
        socket.Options.KeepAliveInterval = Timeout.InfiniteTimeSpan;
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader(TwilioSignature.Header, TwilioSignature.Of(settings.AuthToken, record.Url, []));
        socket.Options.SetRequestHeader("User-Agent", "Twilio.TmeWs/1.0");
        using var deadline = new CancellationTokenSource(ConnectTime, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            if (!Uri.TryCreate(record.Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("ws" or "wss"))
            {
                reports.Error(record, ConnectionFailed, $"Stream - Connection error: {record.Url} is no ws:// or wss:// URL");
                return false;
            }

            await socket.ConnectAsync(uri, both.Token);
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            var answered = (int)socket.HttpStatusCode;
            reports.Error(record, answered > 0 ? HandshakeFailed : ConnectionFailed,
                answered > 0 ? $"Stream - WebSocket handshake error: HTTP {answered} from {record.Url}" : $"Stream - Connection error: {e.Message}");
            return false;
        }
    }

    (StreamRecord Record, StreamReports Reports) Prepare(VerbContext context, XElement element, bool bidirectional)
    {
        var sid = Sid.New("MZ");
        var parameters = element.Elements().Where(child => child.Name.LocalName == "Parameter")
            .GroupBy(child => child.Attribute("name")?.Value ?? "")
            .ToDictionary(group => group.Key, group => group.Last().Attribute("value")?.Value ?? "");

        // Query strings are not supported, and are dropped without a word.
        var url = (element.Attribute("url")?.Value ?? "").Trim().Split('?')[0];
        var record = new StreamRecord(sid, element.Attribute("name")?.Value ?? sid, url, bidirectional, parameters);
        context.Call.AddStream(record);
        return (record, new StreamReports(
            context.Call, element.Attribute("statusCallback")?.Value, VerbContext.Method(element, "statusCallbackMethod"),
            timeline, webhooks, progress, faults, clock));
    }

    static XElement? Child(XElement verb) => verb.Elements().FirstOrDefault(child => child.Name.LocalName == "Stream");

    sealed class Attachment(Action detach) : IDisposable
    {
        public void Dispose() => detach();
    }
}
