using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>Moments in which each side could believe that the other one has the word.</summary>
public sealed class LooseEndsTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Coughs_do_not_put_off_the_end_of_waiting_for_an_answer()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null, ("Cascade:AnswerWithinMs", "4500"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Worker.ConfirmedAsync();
        var asked = scene.Phone.Watch.Elapsed;
        while (!scene.Phone.Closed.IsCompleted && scene.Phone.Watch.Elapsed - asked < Patience)
        {
            scene.Phone.Speak([.. Noise(300), .. Silence(1500)]);
            await Eventually.TrueAsync(() => !scene.Phone.IsSpeaking || scene.Phone.Closed.IsCompleted, "the caller has coughed");
        }

        Assert.Equal("engine-failed", (await scene.Phone.Closed).Reason);
        Assert.Equal("keypad", await scene.Bridge.FieldAsync(scene.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_bridge_that_drains_hears_out_whoever_is_speaking()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["I see."]);
        await scene.GreetedAsync();
        var saying = scene.Phone.SayAsync("Station four will come");
        await Eventually.TrueAsync(() => scene.Bridge.Streams.All.Any(stream => stream.Status.CallerSpeaking), "the caller is speaking");
        scene.Bridge.Streams.BeginDrain(Patience);
        await saying;
        Assert.Equal("drain", (await scene.Phone.Closed.WaitAsync(Patience)).Reason);
        Assert.Equal("Station four will come", Assert.Single(scene.Worker.Confirmed).Text);
        Assert.EndsWith("I see.", scene.Phone.Heard, StringComparison.Ordinal);
    }

    /// <summary>The greeting begins in the pause behind the hello. An ear that hears whole utterances must get this one whole.</summary>
    [Fact]
    public async Task Who_goes_on_behind_their_hello_is_heard_from_the_hello_on()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["I see."], new SpeechChoice(["elevenlabs-batch"], []), ("Turns:HelloWaitMs", "700"));
        scene.Phone.Speak([.. Silence(200), .. ToneCode.Encode("Hello there"), .. Silence(250), .. ToneCode.Encode("Station four speaking")]);
        await scene.Phone.HeardAsync("I see.", Patience);
        Assert.EndsWith("Station four speaking", scene.Worker.Confirmed[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_comes_while_no_ear_is_there_is_heard_once()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Again ? ["There is a fire."] : null, ("Cascade:OpenTimeoutMs", "600"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var turn = await scene.Worker.ConfirmedAsync();
        scene.Vendors.Faults.Set(FaultTarget.DeepgramListen, new Fault { Hang = true, DropSocketsAfterMs = 0 });
        await Eventually.TrueAsync(() => scene.Bridge.Streams.All.Single().Status.Engine == "opening", "no engine is there", Patience);
        scene.Worker.Speak(turn, "There is a fire.");
        scene.Vendors.Faults.Clear(FaultTarget.DeepgramListen);
        await Eventually.TrueAsync(() => scene.Worker.Turns.Any(again => again.Again), "it is asked again", Patience);
        await scene.Phone.HeardAsync("There is a fire.", Patience);
        await scene.QuietAsync();
        Assert.Equal(2, scene.Phone.Heard.Split("There is a fire.").Length);
    }

    [Fact]
    public async Task An_answer_that_stops_in_the_middle_is_no_dead_air()
    {
        await using var scene = await Scene.StartAsync(redis, _ => null, ("Cascade:AnswerWithinMs", "6000"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var turn = await scene.Worker.ConfirmedAsync();
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 0, "Let me check that."));
        await scene.Phone.HeardAsync("Let me check that. One moment, please.", Patience);
        scene.Bridge.Tell(new Speak(scene.Call, turn.Stream, turn.Turn, 1, "I am checking."));
        await scene.Phone.HeardAsync("I am checking.", Patience);
        Assert.Equal("engine-failed", (await scene.Phone.Closed.WaitAsync(Patience)).Reason);
    }

    [Fact]
    public async Task News_that_a_caller_speaks_before_is_told_behind_the_answer()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? ["There is a fire at the old harbour and the wind comes from the north."] : ["Of course."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("at the old", Patience);
        scene.Bridge.Tell(new SayNews(scene.Call, "The ticket was withdrawn."));
        await scene.Phone.SayAsync("No wait please");
        await scene.Phone.HeardAsync("Of course. The ticket was withdrawn.", Patience);
        await scene.QuietAsync();
        Assert.EndsWith("Of course. The ticket was withdrawn.", scene.Phone.Heard, StringComparison.Ordinal);
    }

    static byte[] Noise(int milliseconds)
    {
        var dice = new Random(1);
        return [.. Enumerable.Range(0, milliseconds * 8).Select(_ => MuLaw.Encode((short)dice.Next(-9000, 9000)))];
    }

    static byte[] Silence(int milliseconds) => [.. Enumerable.Repeat(MuLaw.Silence, milliseconds * 8)];
}
