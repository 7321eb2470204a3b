using System.Diagnostics;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Tests.Support;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class TraceTests : TelephonyTest
{
    [Fact]
    public async Task What_Twilio_calls_back_belongs_to_the_trace_of_the_order()
    {
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("CityMonitor", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("CityMonitor.Test");
        string order;
        using (var dispatch = source.StartActivity("dispatch")!)
        {
            order = dispatch.TraceId.ToHexString();
            await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        }

        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        await Telephony.StatusAsync(CallId.Parse("fd-1.1"), sid, "completed");
        await Telephony.OneAsync<CallEnded>();
        var entries = (await Telephony.Redis.SendAsync(["XRANGE", Keys.AgentPartition(Routes.PartitionOf("fd-1")), "-", "+"])).Items;
        var traces = entries.Select(entry => entry.Items[1].ToDictionary()).ToDictionary(fields => fields["type"].Text!, fields => fields["traceparent"].Text!.Split('-')[1]);
        Assert.Equal(order, traces[nameof(CallPlaced)]);
        Assert.Equal(order, traces[nameof(CallEnded)]);
    }
}
