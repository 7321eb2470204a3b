using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CityMonitor.MediaBridge;

/// <summary>The bridge's spans and metrics: OpenTelemetry's names where there are some, then our own.</summary>
static class BridgeTelemetry
{
    public const string Name = "CityMonitor.MediaBridge";

    public static readonly ActivitySource Source = new(Name);

    static readonly Meter Meter = new(Name);

    /// <summary>Streams that are open now.</summary>
    public static readonly UpDownCounter<int> ActiveStreams = Meter.CreateUpDownCounter<int>("citymonitor.media.streams.active", "{stream}", "Media streams open now.");

    public static readonly Counter<long> RefusedStreams = Meter.CreateCounter<long>("citymonitor.media.streams.refused", "{stream}", "Sockets closed before or at start, by reason.");

    public static readonly Counter<long> EndedStreams = Meter.CreateCounter<long>("citymonitor.media.streams.ended", "{stream}", "Streams that ended, by reason.");

    public static readonly Counter<long> OddFrames = Meter.CreateCounter<long>("citymonitor.media.frames.odd", "{frame}", "Messages of the phone's socket that were ignored, by kind.");

    public static readonly Counter<long> DroppedAudio = Meter.CreateCounter<long>("citymonitor.media.audio.dropped", "By", "Audio dropped because a socket took no more, by direction.");

    public static readonly Histogram<double> FirstAudio = Meter.CreateHistogram<double>("citymonitor.media.first_audio", "s", "From start to the first audio sent to the phone.");

    public static readonly Histogram<double> BargeIn = Meter.CreateHistogram<double>("citymonitor.media.barge_in", "s", "From the event that tells of it to clear, by source (vendor, detector).");

    public static readonly Histogram<double> TurnTranscript = Meter.CreateHistogram<double>("citymonitor.turn.transcript", "s", "From the caller's last sound to the words of the whole turn, by engine.");

    public static readonly Histogram<double> TurnFirstFrame = Meter.CreateHistogram<double>("citymonitor.turn.first_frame", "s", "From the caller's last sound to the first frame of the answer that has left for the phone, by engine.");

    public static readonly Histogram<double> ToolRoundTrip = Meter.CreateHistogram<double>("gen_ai.execute_tool.duration", "s", "From the model's request for a tool to the answer sent to it.");

    public static readonly Histogram<double> EngineOpen = Meter.CreateHistogram<double>("citymonitor.media.engine.open", "s", "Time to open a speech engine.");

    public static readonly Counter<long> VendorErrors = Meter.CreateCounter<long>("citymonitor.media.vendor.errors", "{error}", "Failures of a speech vendor, by vendor and code.");

    public static readonly Counter<long> EngineReopened = Meter.CreateCounter<long>("citymonitor.media.engine.reopened", "{engine}", "Engines replaced in mid-call, by reason.");

    public static readonly Counter<long> HoldingPhrases = Meter.CreateCounter<long>("citymonitor.media.holding_phrases", "{phrase}", "Phrases that the bridge said itself so that no silence grew long, by what was owed (tool, answer, engine).");

    public static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);

    /// <summary>A span under the call's trace, or a trace of its own where the call has none.</summary>
    public static Activity? StartStream(string? traceparent, string call, int stream)
    {
        var parent = ActivityContext.TryParse(traceparent, null, isRemote: true, out var context) ? context : default;
        var activity = Source.StartActivity("invoke_agent", ActivityKind.Server, parent);
        activity?.SetTag("gen_ai.operation.name", "invoke_agent").SetTag("gen_ai.conversation.id", call).SetTag("citymonitor.call", call).SetTag("citymonitor.stream", stream);
        return activity;
    }
}
