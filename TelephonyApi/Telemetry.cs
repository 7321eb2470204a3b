using System.Diagnostics;
using System.Diagnostics.Metrics;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi;

/// <summary>This service's own source and meter.</summary>
static class Telemetry
{
    public const string Name = "CityMonitor.TelephonyApi";

    static readonly ActivitySource source = new(Name);
    static readonly Meter meter = new(Name);

    /// <summary>Dial attempts by outcome: placed, refused, limited, unsent, unknown, reconciled, lost.</summary>
    public static readonly Counter<long> Dials = meter.CreateCounter<long>("citymonitor.telephony.dials", "{dial}");

    /// <summary>From PlaceCall to the create request's answer.</summary>
    public static readonly Histogram<double> DialSeconds = meter.CreateHistogram<double>("citymonitor.telephony.dial.duration", "s");

    /// <summary>Calls that are dialled or live as a share of Capacity:MaxConcurrentCalls.</summary>
    public static readonly Gauge<double> CapacityUsed = meter.CreateGauge<double>("citymonitor.telephony.capacity.used", "1");

    public static readonly Counter<long> Callbacks = meter.CreateCounter<long>("citymonitor.telephony.callbacks", "{callback}");

    public static readonly Counter<long> Messages = meter.CreateCounter<long>("citymonitor.telephony.messages", "{message}");

    /// <summary>What carriers bill.</summary>
    public static readonly Counter<long> SmsSegments = meter.CreateCounter<long>("citymonitor.telephony.sms.segments", "{segment}");

    /// <summary>Links that were not sent, by reason: private, redirect, no-picture, host, no-link, too-many.</summary>
    public static readonly Counter<long> LinksWithheld = meter.CreateCounter<long>("citymonitor.telephony.links_withheld", "{link}");

    /// <summary>Callbacks and automations refused or ignored, by reason: signature, freshdesk-key, freshdesk-body, replayed, stale.</summary>
    public static readonly Counter<long> Refused = meter.CreateCounter<long>("citymonitor.telephony.refused_requests", "{request}");

    /// <summary>A span in the call's own trace: callbacks of Twilio's come without one.</summary>
    /// <param name="trace">The traceparent that PlaceCall came with.</param>
    public static Activity? Span(string name, CallId call, string? trace, ActivityKind kind = ActivityKind.Internal)
    {
        var activity = ActivityContext.TryParse(trace, null, isRemote: true, out var parent)
            ? source.StartActivity(name, kind, parent)
            : source.StartActivity(name, kind);
        return activity?.SetTag("citymonitor.call", call.Value);
    }
}
