using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class TelemetryTests
{
    [Fact]
    public async Task One_trace_goes_through_every_process_that_a_message_and_its_answers_pass()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var source = new ActivitySource("Tests");
        using var listener = new ActivityListener
        {
            ShouldListenTo = from => from.Name is Telemetry.Name or "Tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = await RedisServer.StartAsync();
        var call = CallId.Parse("fd-1.1");
        var agent = new Recorder((_, step, _) =>
        {
            step.Publish(new EndCall(call, "x"));
            return ValueTask.FromResult(Handled.Done);
        });
        var phone = new Recorder();
        await using var worker = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await using var telephony = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(phone).AddWorkStream<Recorder>(Keys.Telephony));
        using (var request = source.StartActivity("request"))
        {
            await worker.Bus.PublishAsync(new CallRinging(call), CancellationToken.None);
            var trace = request!.TraceId;
            await Eventually.TrueAsync(() => spans.Any(span => span.TraceId == trace && span.OperationName == "process cm:telephony"), "the last span is there");
            var mine = spans.Where(span => span.TraceId == trace).ToDictionary(span => span.OperationName);
            Assert.Equal(request.SpanId, mine["send cm:agent"].ParentSpanId);
            Assert.Equal(mine["send cm:agent"].SpanId, mine["process cm:agent"].ParentSpanId);
            Assert.Equal(mine["process cm:agent"].SpanId, mine["send cm:telephony"].ParentSpanId);
            Assert.Equal(mine["send cm:telephony"].SpanId, mine["process cm:telephony"].ParentSpanId);
            Assert.Equal((ActivityKind.Producer, ActivityKind.Consumer), (mine["send cm:agent"].Kind, mine["process cm:agent"].Kind));
            Assert.Equal("redis", mine["process cm:agent"].GetTagItem("messaging.system"));
            Assert.Equal("fd-1.1", mine["process cm:agent"].GetTagItem("citymonitor.call"));
        }
    }

    [Fact]
    public async Task What_is_published_handled_and_given_up_is_counted()
    {
        var counts = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Count(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Count(instrument, 1, tags));
        listener.Start();
        await using var server = await RedisServer.StartAsync();
        var media = new Recorder((_, _, _) => ValueTask.FromResult(Handled.Dead("x")));
        await using var spine = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(media).AddWorkStream<Recorder>(Keys.Media));
        await spine.Bus.PublishAsync(new PrepareGreeting(CallId.Parse("fd-1.1")), CancellationToken.None);
        await Eventually.TrueAsync(() => counts.ContainsKey("messaging.client.consumed.messages"), "it is counted");
        string[] instruments = ["messaging.client.sent.messages", "messaging.process.duration", "citymonitor.messaging.lag", "citymonitor.messaging.dead"];
        Assert.All(instruments, instrument => Assert.True(counts.ContainsKey(instrument), instrument));

        // Other tests use this stream too, at the same time: only that there is a count can be said.
        void Count(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
            {
                if (tag is { Key: "messaging.destination.name", Value: Keys.Media })
                {
                    counts.AddOrUpdate(instrument.Name, value, (_, before) => before + value);
                }
            }
        }
    }
}
