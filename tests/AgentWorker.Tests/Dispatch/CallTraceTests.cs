using System.Diagnostics;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class CallTraceTests
{
    [Fact]
    public void Each_call_is_a_trace_of_its_own_linked_to_its_incident()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is CallTrace.SourceName or "Tests.CallTrace",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("Tests.CallTrace");

        using var reported = source.StartActivity("report incident")!;
        var first = Call(1, reported.Id);
        Assert.Same(reported, Activity.Current);
        Assert.NotEqual(reported.TraceId, first.TraceId);
        Assert.Equal(default, first.ParentSpanId);
        Assert.Equal(reported.Context.SpanId, Assert.Single(first.Links).Context.SpanId);

        // The second attempt is asked for by a timer that the first call set.
        Activity.Current = null;
        using var timer = source.StartActivity("timer", ActivityKind.Consumer, first.Context)!;
        var second = Call(2, reported.Id);
        Assert.NotEqual(first.TraceId, second.TraceId);
        Assert.Equal([reported.TraceId, first.TraceId], second.Links.Select(link => link.Context.TraceId));
    }

    static Activity Call(int attempt, string? incidentTrace)
    {
        var incident = IncidentId.Parse("fd-1");
        using (CallTrace.Begin(CallId.Of(incident, attempt), incident, incidentTrace))
        {
            return Activity.Current!;
        }
    }
}
