using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>A sound under the agent's voice may be that voice, come back.</summary>
public sealed class EchoedLineTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>It may be our echo. Until words tell, it must not even pause the voice: the pause would be inside a word.</summary>
    [Fact]
    public async Task A_sound_that_begins_under_the_first_words_of_an_answer_makes_no_pause_in_it()
    {
        const string Answer = "There is a fire at the old harbour and the wind comes from the north.";
        await using var scene = await Scene.StartAsync(redis, turn => [Answer, "Two cameras have seen it."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        var dice = new Random(1);
        await scene.Phone.HeardAsync("There", Patience); // 0.3 s of it
        scene.Phone.LongestPauseMs = 0;
        scene.Phone.Speak([.. Enumerable.Range(0, 500 * 8).Select(_ => Simulator.Speech.MuLaw.Encode((short)dice.Next(-9000, 9000)))]);
        await scene.Phone.HeardAsync("from the north.", Patience);
        Assert.Equal($"City desk here. {Answer}", scene.Phone.Heard[..$"City desk here. {Answer}".Length]);
        Assert.True(scene.Phone.LongestPauseMs < 250 || scene.Phone.WorstLag > TimeSpan.FromMilliseconds(100), $"a pause of {scene.Phone.LongestPauseMs} ms");
        await scene.Phone.HeardAsync("have seen it.", Patience);
        Assert.Equal(0, scene.Phone.ClearCount);
        Assert.Single(scene.Worker.Confirmed);
    }

    [Fact]
    public async Task Words_that_begin_under_the_first_words_of_an_answer_stop_it_and_nothing_breaks_before()
    {
        const string Answer = "There is a fire at the old harbour and the wind comes from the north.";
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? [Answer] : ["Of course."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("There", Patience);
        await scene.Phone.SayAsync("No wait please");
        await scene.Phone.HeardAsync("Of course.", Patience);
        await scene.QuietAsync();

        var heard = scene.Phone.Heard["City desk here. ".Length..^" Of course.".Length];
        Assert.StartsWith(heard, Answer, StringComparison.Ordinal);
        Assert.DoesNotContain("wind", heard, StringComparison.Ordinal);
        Assert.Equal(1, scene.Phone.ClearCount);
        Assert.Equal(["Hello", "No wait please"], scene.Worker.Confirmed.Select(turn => turn.Text));
    }

    [Fact]
    public async Task A_line_that_carries_our_own_words_back_neither_stops_them_nor_answers_them()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? ["There is a fire at the old harbour.", "Two cameras have seen it."] : ["Thank you."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        scene.Phone.EchoAfterMs = 200;
        await scene.Phone.HeardAsync("There is a fire at the old harbour. Two cameras have seen it.", Patience);
        await scene.QuietAsync();
        Assert.Equal(0, scene.Phone.ClearCount);
        await scene.Phone.SayAsync("I accept");
        await scene.Phone.HeardAsync("Thank you.", Patience);
        Assert.Equal(["Hello", "I accept"], scene.Worker.Confirmed.Select(turn => turn.Text));
    }

    [Fact]
    public async Task On_a_line_that_echoes_a_caller_stops_the_agent_by_words_and_is_understood()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text switch
        {
            "Hello" => ["There is a fire at the old harbour and the wind comes from the north."],
            "No wait please" => ["Of course."],
            _ => ["Thank you."],
        });
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        scene.Phone.EchoAfterMs = 200;
        await scene.Phone.HeardAsync("at the old", Patience);
        await scene.Phone.SayAsync(" No wait please");
        await scene.Phone.HeardAsync("Of course.", Patience);
        await scene.QuietAsync();
        Assert.DoesNotContain("north", scene.Phone.Heard, StringComparison.Ordinal);
        Assert.Equal(1, scene.Phone.ClearCount);
        await scene.Phone.SayAsync("Yes");
        await scene.Phone.HeardAsync("Thank you.", Patience);
        Assert.Equal(["Hello", "No wait please", "Yes"], scene.Worker.Confirmed.Select(turn => turn.Text));
    }

    [Theory]
    [InlineData("Is this fire station four of the old harbour?", "of the old", "Fire station four of the old harbour")]
    [InlineData("Can you take this incident now?", "this", "I can take this incident now")]
    public async Task A_caller_who_says_our_words_after_us_is_no_echo(string asked, string until, string answer)
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? [asked] : ["Thank you."]);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync(until, Patience);
        await scene.Phone.SayAsync(answer);
        await scene.Phone.HeardAsync("Thank you.", Patience);
        Assert.Equal(answer, scene.Worker.Confirmed[^1].Text);
    }
}
