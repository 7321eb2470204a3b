using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class ExactlyOnceTests
{
    const int Roots = 10, Calls = 30;

    [Fact]
    public async Task The_effects_of_every_message_are_there_once_and_in_order_though_Redis_is_killed_again_and_again()
    {
        await using var server = await RedisServer.StartAsync();
        await using var publisher = await Spine.StartAsync(server.ConnectionString);
        for (var number = 1; number <= Calls; number++)
        {
            for (var root = 1; root <= Roots; root++)
            {
                await publisher.Bus.PublishAsync(new CallRinging(CallId.Of(IncidentId.OfTicket(root), number)), CancellationToken.None);
            }
        }

        // Each ringing call is written down by the agent and ended by telephony, which writes it down too.
        var agent = new Recorder(async (delivery, step, ct) =>
        {
            await Task.Delay(10, ct);
            var call = ((CallRinging)delivery.Message).Call;
            step.PushToList($"test:agent:{call.Root}", NumberOf(call), NumberJson.Default.Int32);
            step.Publish(new EndCall(call, "x"));
            return Handled.Done;
        });
        var telephony = new Recorder((delivery, step, _) =>
        {
            step.PushToList($"test:telephony:{((EndCall)delivery.Message).Call.Root}", NumberOf(((EndCall)delivery.Message).Call), NumberJson.Default.Int32);
            return ValueTask.FromResult(Handled.Done);
        });
        await using var worker = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(agent).AddAgentPartitions<Recorder>());
        await using var phone = await Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(telephony).AddWorkStream<Recorder>(Keys.Telephony));
        for (var kill = 1; kill <= 3; kill++)
        {
            await Eventually.TrueAsync(() => agent.Deliveries.Count >= kill * 60, "it goes on");
            server.Kill();
            await server.StartAgainAsync();
        }

        await Eventually.TrueAsync(async () => (await ListsAsync(publisher, "telephony")).All(list => list.Length >= Calls), "all is done", TimeSpan.FromSeconds(30));
        Assert.All(await ListsAsync(publisher, "agent"), list => Assert.Equal(Enumerable.Range(1, Calls), list));
        Assert.All(await ListsAsync(publisher, "telephony"), list => Assert.Equal(Enumerable.Range(1, Calls), list.Order()));
        Assert.Equal(0, await publisher.Get<DeadLetters>().CountAsync(CancellationToken.None));
    }

    static int NumberOf(CallId call) => int.Parse(call.Value.Split('.')[1], CultureInfo.InvariantCulture);

    static async Task<int[][]> ListsAsync(Spine spine, string name) =>
        await Task.WhenAll(Enumerable.Range(1, Roots).Select(async root =>
            (await spine.Redis.SendAsync(["LRANGE", $"test:{name}:fd-{root}", 0, -1])).Items.Select(item => (int)item.Number).ToArray()));
}
