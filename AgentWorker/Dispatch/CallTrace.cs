using System.Diagnostics;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Each call is a trace of its own, linked to its incident's and to what asked for it: three attempts are three calls to look at.</summary>
static class CallTrace
{
    public const string SourceName = "CityMonitor.AgentWorker";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>What is published until the span is disposed belongs to the call's trace.</summary>
    /// <param name="incidentTrace">The traceparent with which the incident was first reported.</param>
    public static Span Begin(CallId call, IncidentId incident, string? incidentTrace)
    {
        var asked = Activity.Current;
        var links = new List<ActivityLink>(2);
        if (ActivityContext.TryParse(incidentTrace, null, isRemote: true, out var reported))
        {
            links.Add(new ActivityLink(reported));
        }

        if (asked is not null && asked.TraceId != reported.TraceId)
        {
            links.Add(new ActivityLink(asked.Context));
        }

        // StartActivity takes the current span for the parent; only without one it begins a trace.
        Activity.Current = null;
        var span = Source.StartActivity("call", ActivityKind.Producer, default(ActivityContext), links: links);
        if (span is null)
        {
            Activity.Current = asked;
        }

        span?.SetTag("citymonitor.call", call.Value).SetTag("citymonitor.incident", incident.Value);
        return new Span(span, asked);
    }

    public readonly struct Span(Activity? span, Activity? before) : IDisposable
    {
        public void Dispose()
        {
            if (span is not null)
            {
                span.Dispose();
                Activity.Current = before;
            }
        }
    }
}
