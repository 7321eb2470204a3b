using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>The cascade engine speaks, and something is heard meanwhile: words, a murmur, a cough.</summary>
public sealed class InterruptionTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Words_stop_the_agent_and_the_next_turn_says_what_was_heard()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello"
            ? ["There is a fire at the old harbour.", "It was seen by two cameras at noon.", "The wind comes from the north."] : ["Of course."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("at the old", Patience);
        await scene.Phone.SayAsync("No wait please");
        await scene.Phone.HeardAsync("Of course.", Patience);
        await scene.QuietAsync();

        Assert.True(scene.Phone.ClearCount >= 1);
        var turn = await scene.Worker.ConfirmedAsync(2);
        Assert.Equal("No wait please", turn.Text);
        Assert.True(turn.Interrupted);
        Assert.StartsWith("There is a fire at the", turn.Heard, StringComparison.Ordinal);
        Assert.DoesNotContain("north", scene.Phone.Heard, StringComparison.Ordinal);
        var record = await scene.RecordAsync();
        Assert.Equal(turn.Heard, record.Single(said => said.Interrupted).Text);
    }

    [Fact]
    public async Task A_backchannel_does_not_cost_a_word()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["There is a fire at the old harbour and the wind comes from the north.", "Two cameras have seen it."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("at the old", Patience);
        await scene.Phone.SayAsync("Mm-hmm");
        await scene.Phone.HeardAsync("from the north. Two cameras have seen it.", Patience);
        Assert.Single(scene.Worker.Confirmed);
        Assert.Empty(scene.Worker.Received.OfType<AgentInterrupted>());
    }

    [Fact]
    public async Task A_cough_stops_the_agent_for_a_moment_only()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["There is a fire at the old harbour and the wind comes from the north.", "Two cameras have seen it."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("at the old", Patience);
        var dice = new Random(1);
        scene.Phone.Speak([.. Enumerable.Range(0, 500 * 8).Select(_ => Simulator.Speech.MuLaw.Encode((short)dice.Next(-9000, 9000)))]);
        await scene.Phone.HeardAsync("from the north. Two cameras have seen it.", Patience);
        await scene.QuietAsync();
        Assert.Single(scene.Worker.Confirmed);
        Assert.Empty(scene.Worker.Received.OfType<AgentInterrupted>());
    }

    [Fact]
    public async Task What_coughs_have_cut_off_twice_is_said_to_its_end()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["There is a fire at the old mill."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var dice = new Random(1);
        byte[] cough = [.. Enumerable.Range(0, 400 * 8).Select(_ => Simulator.Speech.MuLaw.Encode((short)dice.Next(-9000, 9000)))];
        for (var times = 1; times <= 3; times++)
        {
            await Eventually.TrueAsync(() => scene.Phone.Heard.Split("at the").Length > times, "it is said again", Patience);
            scene.Phone.Speak(cough);
        }

        await scene.Phone.HeardAsync("old mill.", Patience);
        await scene.QuietAsync();
        Assert.Equal(2, scene.Phone.ClearCount);
        Assert.Single(scene.Worker.Confirmed);
    }
}
