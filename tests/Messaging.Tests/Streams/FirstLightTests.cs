using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class FirstLightTests
{
    static readonly IncidentId s_incident = IncidentId.OfTicket(4711);

    [Fact]
    public async Task A_published_message_reaches_the_worker_of_its_incident_and_its_step_the_next_stream()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder((_, step, _) =>
        {
            step.AddToSet(Keys.OpenIncidents, s_incident.Value);
            step.Publish(new EndCall(CallId.Of(s_incident, 1), "test"));
            return ValueTask.FromResult(Handled.Done);
        });
        var telephony = new Recorder();
        await using var worker = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await using var phone = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(telephony).AddWorkStream<Recorder>(Keys.Telephony));
        await worker.Bus.PublishAsync(new CallRinging(CallId.Of(s_incident, 1)), CancellationToken.None);
        await Eventually.TrueAsync(() => telephony.Deliveries.Count == 1, "EndCall reaches telephony");
        Assert.Equal(s_incident, Assert.Single(await worker.Get<IncidentStore>().ReadOpenAsync(CancellationToken.None)));
        await Eventually.TrueAsync(async () => (await worker.Redis.SendAsync(["XPENDING", Keys.Telephony, "workers"])).Items[0].Number == 0, "acknowledged");
    }

    [Fact]
    public async Task A_timer_comes_due_and_a_retry_comes_again()
    {
        await using var server = await RedisServer.StartAsync();
        var agent = new Recorder((delivery, step, _) =>
        {
            switch (delivery.Message)
            {
                case CallRinging:
                    step.Schedule(new TimerDue(s_incident.Value, "eta"), TimeSpan.FromMilliseconds(50));
                    break;
                case CallAnswered when DateTimeOffset.UtcNow - delivery.At < TimeSpan.FromMilliseconds(300):
                    return ValueTask.FromResult(Handled.Retry(TimeSpan.FromMilliseconds(100)));
            }

            return ValueTask.FromResult(Handled.Done);
        });
        await using var worker = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await worker.Bus.PublishAsync(new CallRinging(CallId.Of(s_incident, 1)), CancellationToken.None);
        await worker.Bus.PublishAsync(new CallAnswered(CallId.Of(s_incident, 1)), CancellationToken.None);
        await Eventually.TrueAsync(() => agent.Deliveries.Any(d => d.Message is TimerDue), "the timer comes due");
        await Eventually.TrueAsync(() => agent.Deliveries.Count(d => d.Message is CallAnswered) >= 3, "the retry comes again");
        Assert.All(agent.Deliveries, delivery => Assert.Equal(1, delivery.DeliveryCount));
    }

    [Fact]
    public async Task Speech_goes_to_the_bridge_that_holds_the_call()
    {
        await using var server = await RedisServer.StartAsync();
        var ear = new Ear();
        await using var bridge = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(ear).AddSpeechStream<Ear>());
        var call = CallId.Of(s_incident, 1);
        Assert.Equal(1, await bridge.Get<CallStore>().BeginStreamAsync(call, bridge.Get<BridgeId>().Value, CancellationToken.None));
        await bridge.Bus.PublishAsync(new SayNews(call, "The fire brigade is near."), CancellationToken.None);
        await Eventually.TrueAsync(() => ear.Heard.Count == 1, "the bridge hears");
    }

    sealed class Ear : ISpeechListener
    {
        public System.Collections.Concurrent.ConcurrentQueue<SpeechMessage> Heard { get; } = new();
        public void Receive(SpeechMessage message) => Heard.Enqueue(message);
    }
}
