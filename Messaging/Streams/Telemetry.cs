using System.Diagnostics;
using System.Diagnostics.Metrics;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.Streams;

/// <summary>Spans and metrics with OpenTelemetry's messaging names; source and meter "CityMonitor.Messaging".</summary>
static class Telemetry
{
    public const string Name = "CityMonitor.Messaging";

    const string System = "messaging.system", Destination = "messaging.destination.name", Operation = "messaging.operation.type", Type = "citymonitor.message.type";

    static readonly ActivitySource s_source = new(Name);
    static readonly Meter s_meter = new(Name);
    static readonly Counter<long> s_sent = s_meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Messages published.");
    static readonly Counter<long> s_consumed = s_meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Messages handled, by what became of them.");
    static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("messaging.process.duration", "s", "Time from the start of a handler to the end of its commit.");
    static readonly Histogram<double> s_lag = s_meter.CreateHistogram<double>("citymonitor.messaging.lag", "s", "Time from publishing to the start of the handler.");
    static readonly Counter<long> s_dead = s_meter.CreateCounter<long>("citymonitor.messaging.dead", "{message}", "Messages given up, now in cm:dead.");
    static readonly Counter<long> s_redelivered = s_meter.CreateCounter<long>("citymonitor.messaging.redelivered", "{message}", "Starts of a handler that were not the message's first.");

    static readonly Counter<long> s_abandoned = s_meter.CreateCounter<long>("citymonitor.messaging.abandoned", "{message}", "Handlers that hung, could not be stopped and were left behind.");
    static readonly Gauge<long> s_deadWaiting = s_meter.CreateGauge<long>("citymonitor.messaging.dead.waiting", "{message}", "Messages in cm:dead.");

    /// <summary>The span of a publish, current while the envelope takes its traceparent; null where nobody listens.</summary>
    public static Activity? Publishing(Message message, string? stream)
    {
        var destination = Destinations(stream ?? "cm:speech");
        s_sent.Add(1, new KeyValuePair<string, object?>(Destination, destination), new KeyValuePair<string, object?>(Type, message.GetType().Name));
        var activity = s_source.StartActivity($"send {destination}", ActivityKind.Producer);
        activity?.SetTag(System, "redis").SetTag(Operation, "send").SetTag(Destination, destination).SetTag(Type, message.GetType().Name);
        return activity;
    }

    /// <summary>The span of a handler, child of the span that published.</summary>
    public static Activity? Handling(StreamEntry entry, string group)
    {
        if (!s_source.HasListeners())
        {
            return null;
        }

        ActivityContext.TryParse(entry.Text(Envelope.TraceParent), null, isRemote: true, out var parent);
        var destination = Destinations(entry.Stream);
        var activity = s_source.StartActivity($"process {destination}", ActivityKind.Consumer, parent);
        return activity?.SetTag(System, "redis").SetTag(Operation, "process").SetTag(Destination, destination)
            .SetTag("messaging.message.id", entry.Text(Envelope.Id)).SetTag("messaging.consumer.group.name", group)
            .SetTag(Type, entry.Text(Envelope.Type)).SetTag("citymonitor.call", entry.Text(Envelope.Call)).SetTag("citymonitor.incident", entry.Text(Envelope.Incident));
    }

    public static void Handled(StreamEntry entry, string result, TimeSpan duration)
    {
        var destination = new KeyValuePair<string, object?>(Destination, Destinations(entry.Stream));
        s_consumed.Add(1, destination, new KeyValuePair<string, object?>("citymonitor.result", result));
        s_duration.Record(duration.TotalSeconds, destination);
    }

    public static void Started(StreamEntry entry, TimeSpan lag, bool again)
    {
        var destination = new KeyValuePair<string, object?>(Destination, Destinations(entry.Stream));
        s_lag.Record(lag.TotalSeconds, destination);
        if (again)
        {
            s_redelivered.Add(1, destination);
        }
    }

    public static void Abandoned(StreamEntry entry) => s_abandoned.Add(1, new KeyValuePair<string, object?>(Destination, Destinations(entry.Stream)));

    public static void DeadWaiting(long count) => s_deadWaiting.Record(count);

    public static void Dead(StreamEntry entry) => s_dead.Add(1, new KeyValuePair<string, object?>(Destination, Destinations(entry.Stream)));

    /// <summary>cm:agent:3 and cm:speech:... without their last part: few names, whatever the number of partitions and bridges.</summary>
    static string Destinations(string stream) =>
        stream.StartsWith("cm:agent:", StringComparison.Ordinal) ? "cm:agent" : stream.StartsWith("cm:speech", StringComparison.Ordinal) ? "cm:speech" : stream;
}
