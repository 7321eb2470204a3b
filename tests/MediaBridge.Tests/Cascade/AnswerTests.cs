using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>The worker's answers: in pieces, twice, never, and with a call that moves on meanwhile.</summary>
public sealed class AnswerTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Pieces_that_come_twice_or_in_another_order_are_said_once_and_in_order()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var turn = await scene.Worker.ConfirmedAsync();
        foreach (var (index, text) in ((int, string)[])[(1, "Second."), (0, "First."), (0, "First."), (1, "Other."), (2, "Third.")])
        {
            scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, index, text));
        }

        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn - 1, 0, "Of another turn."));
        scene.Bridge.Tell(new TurnFinished(scene.Call, turn.Stream, turn.Turn, 3));
        scene.Bridge.Tell(new TurnFinished(scene.Call, turn.Stream, turn.Turn, 3));
        await scene.Phone.HeardAsync("Third.", Patience);
        await scene.QuietAsync();
        Assert.Equal("City desk here. First. Second. Third.", scene.Phone.Heard);
        await Eventually.TrueAsync(async () => await scene.Bridge.FieldAsync(scene.Call, CallFields.Spoken) == $"{turn.Stream}.{turn.Turn}.3", "the position is kept");
    }

    [Fact]
    public async Task An_answer_that_never_comes_ends_in_keypad_mode_and_not_in_silence()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null, ("Cascade:AnswerWithinMs", "4500"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("One moment, please.", Patience);
        Assert.Equal("engine-failed", (await scene.Phone.Closed.WaitAsync(Patience)).Reason);
        Assert.Equal("keypad", await scene.Bridge.FieldAsync(scene.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_moved_call_says_the_rest_and_takes_the_pieces_that_follow()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var turn = await scene.Worker.ConfirmedAsync();
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 0, "There is a fire at the harbour."));
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 1, "Two cameras have seen it."));
        await scene.Phone.HeardAsync("There is a", Patience);
        scene.Phone.Vanish();
        await Eventually.TrueAsync(async () => await scene.Bridge.FieldAsync(scene.Call, CallFields.Bridge) == "", "the stream has ended");

        await using var second = await scene.Bridge.PhoneAsync(scene.Call);
        await second.HeardAsync("There is a fire at the harbour. Two cameras have seen it.", Patience);
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 1, "Two cameras have seen it."));
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 2, "Do you accept?"));
        scene.Bridge.Tell(new TurnFinished(scene.Call, turn.Stream, turn.Turn, 3));
        await second.HeardAsync("seen it. Do you accept?", Patience);
        await second.SayAsync("Yes");
        await Eventually.TrueAsync(() => scene.Worker.Confirmed.Any(next => next.Stream == 2), "the new stream has turns of its own", Patience);
        Assert.Equal((2, 1, "Yes"), (scene.Worker.Confirmed[^1].Stream, scene.Worker.Confirmed[^1].Turn, scene.Worker.Confirmed[^1].Text));
    }

    [Fact]
    public async Task Words_without_an_answer_are_asked_again_by_the_bridge_that_takes_over()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Worker.ConfirmedAsync();
        await Eventually.TrueAsync(async () => (await scene.Bridge.TurnsAsync(scene.Call)).Count == 2, "the turn is recorded");
        scene.Phone.Vanish();
        await Eventually.TrueAsync(async () => await scene.Bridge.FieldAsync(scene.Call, CallFields.Bridge) == "", "the stream has ended");

        scene.Worker.Answer = turn => turn.Again ? ["Here again."] : null;
        await using var second = await scene.Bridge.PhoneAsync(scene.Call);
        await second.HeardAsync("Here again.", Patience);
        Assert.Equal((2, 1, "Hello", true), (scene.Worker.Turns[^1].Stream, scene.Worker.Turns[^1].Turn, scene.Worker.Turns[^1].Text, scene.Worker.Turns[^1].Again));
    }
}
