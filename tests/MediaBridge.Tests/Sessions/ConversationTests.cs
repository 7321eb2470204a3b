using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class ConversationTests(SharedRedis redis)
{
    [Fact]
    public async Task A_call_is_greeted_and_a_turn_each_way_is_heard_and_recorded()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        await phone.HeardAsync("City desk here.");
        var saying = phone.SayAsync("Who is it");
        await Eventually.TrueAsync(() => agent.HeardEnd, "the agent hears the caller");
        await saying;
        Assert.Equal("Who is it", agent.HeardText);
        await agent.UserSaidAsync("Who is it");
        await agent.SayAsync("The city.");
        await phone.HeardAsync("The city.");

        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "three turns");
        var turns = await bridge.TurnsAsync(session.Call);
        Assert.Equal(
            [(Speaker.Agent, "City desk here."), (Speaker.Responder, "Who is it"), (Speaker.Agent, "The city.")],
            turns.Select(turn => (turn.Speaker, turn.Text)));
        Assert.DoesNotContain(turns, turn => turn.Interrupted);
        Assert.Equal(1, (int)(await bridge.ToAgentAsync(session.Call, "MediaStarted"))["stream"]!);

        await phone.HangUpAsync();
        Assert.Equal("hangup", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
        await Eventually.TrueAsync(() => bridge.Streams.Count == 0 && deepgram.OpenSockets == 0, "everything is freed");
        Assert.Null(await bridge.FieldAsync(session.Call, CallFields.End));
    }
}
