using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>A phone, the simulated Deepgram and a worker that answers by script: the cascade engine over real sockets and a real Redis.</summary>
public sealed class CascadeTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_caller_and_a_worker_talk_and_the_record_is_what_was_heard()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text switch
        {
            "Hello" => ["Who is speaking, please?"],
            "Station four" => ["There is a fire.", "Do you accept?"],
            _ => ["Thank you."],
        });
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("Who is speaking, please?", Patience);
        await scene.QuietAsync();
        await scene.Phone.SayAsync("Station four");
        await scene.Phone.HeardAsync("There is a fire. Do you accept?", Patience);
        await scene.QuietAsync();

        var turns = scene.Worker.Confirmed;
        Assert.Equal(["Hello", "Station four"], turns.Select(turn => turn.Text));
        Assert.Equal(["City desk here.", "Who is speaking, please?"], turns.Select(turn => turn.Heard));
        Assert.All(turns, turn => Assert.False(turn.Interrupted || turn.Again));
        var record = await scene.RecordAsync();
        Assert.Equal(scene.Phone.Heard, string.Join(' ', record.Where(turn => turn.Speaker == Speaker.Agent).Select(turn => turn.Text)));
        Assert.Equal(["Hello", "Station four"], record.Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_said_is_on_record_before_anybody_is_told_of_it(bool eager)
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["Thank you."], ("Cascade:EagerStart", $"{eager}"));
        var recorded = new List<string>();
        scene.Worker.Looks = async message =>
        {
            if (message is TurnConfirmed or UserTurn { Confirmed: true })
            {
                recorded.AddRange((await scene.Bridge.TurnsAsync(scene.Call)).Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text));
            }
        };
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Yes I accept");
        await scene.Phone.HeardAsync("Thank you.", Patience);
        Assert.Equal(["Yes I accept"], recorded);
    }

    [Theory]
    [InlineData("flux", "deepgram/aura-2-andromeda-en")]
    [InlineData("elevenlabs", "elevenlabs/EXAVITQu4vr4xnSDxMaL")]
    [InlineData("elevenlabs-batch", "deepgram/aura-2-andromeda-en")]
    public async Task Every_ear_and_every_voice_carries_a_conversation(string ear, string voice)
    {
        var speech = new SpeechChoice([ear], [new VoiceChoice(voice.Split('/')[0], voice.Split('/')[1])]);
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? ["Who is speaking, please?"] : ["There is a fire.", "Do you accept?"], speech);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("Who is speaking, please?", Patience);
        await scene.QuietAsync();
        await scene.Phone.SayAsync("Station four");
        await scene.Phone.HeardAsync("There is a fire. Do you accept?", Patience);
        await scene.QuietAsync();

        Assert.Equal(["Hello", "Station four"], scene.Worker.Confirmed.Select(turn => turn.Text));
        Assert.Equal("City desk here. Who is speaking, please? There is a fire. Do you accept?", scene.Phone.Heard);
    }

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
    public async Task What_is_typed_is_a_turn()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Source == TurnSource.Keypad ? ["I have it."] : null);
        await scene.GreetedAsync();
        foreach (var key in "2025550124#")
        {
            await scene.Phone.SendAsync($$$"""{"event":"dtmf","streamSid":"{{{scene.Phone.StreamSid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"{{{key}}}"}}""");
        }

        await scene.Phone.HeardAsync("I have it.", Patience);
        var turn = Assert.Single(scene.Worker.Confirmed);
        Assert.Equal(("2025550124", TurnSource.Keypad), (turn.Text, turn.Source));
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

/// <summary>One call of the cascade engine.</summary>
sealed class Scene : IAsyncDisposable
{
    public required RunningVendors Vendors { get; init; }

    public required TestBridge Bridge { get; init; }

    public required ScriptedWorker Worker { get; init; }

    public required TestPhone Phone { get; init; }

    public required CallId Call { get; init; }

    public static Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, params (string Key, string Value)[] settings) =>
        StartAsync(redis, answer, call => call, settings);

    public static Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, SpeechChoice? speech, params (string Key, string Value)[] settings) =>
        StartAsync(redis, answer, call => call with { Speech = speech }, settings);

    public static async Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, Func<CallSession, CallSession> change, params (string Key, string Value)[] settings)
    {
        var vendors = await RunningVendors.StartAsync();
        // A vendor in the same process on a busy machine may take seconds; only a test of a fault is impatient.
        (string Key, string Value)[] patient =
        [
            ("ElevenLabs:BaseUrl", vendors.ElevenLabs.ToString()), ("ElevenLabs:ApiKey", "simulator"), ("Cascade:Ears", "deepgram"),
            ("Deepgram:OpenTimeoutMs", "20000"), ("Cascade:OpenTimeoutMs", "10000"), ("Cascade:FirstAudioMs", "8000"), ("Cascade:StallMs", "8000"),
        ];
        var bridge = await TestBridge.StartAsync(redis, vendors.Deepgram, [.. patient.Where(one => !settings.Any(other => other.Key == one.Key)), .. settings]);
        var session = await bridge.CallAsync(call => change(call with { Engine = "cascade" }));
        return new Scene
        {
            Vendors = vendors, Bridge = bridge, Call = session.Call, Worker = ScriptedWorker.Of(bridge, session.Call, answer), Phone = await bridge.PhoneAsync(session.Call),
        };
    }

    public async Task GreetedAsync()
    {
        await Phone.HeardAsync("City desk here.", TimeSpan.FromSeconds(30));
        await QuietAsync();
    }

    /// <summary>Nothing is being heard, and the bridge knows.</summary>
    public Task QuietAsync() =>
        Eventually.TrueAsync(() => !Phone.IsPlaying && Bridge.Streams.All.All(stream => stream.Status is { AgentSpeaking: false, CallerSpeaking: false }), "it is quiet", TimeSpan.FromSeconds(20));

    /// <summary>The turns, once the last words that the phone has heard are among them: they are written behind the call, not in it.</summary>
    public async Task<IReadOnlyList<Turn>> RecordAsync()
    {
        IReadOnlyList<Turn> record = [];
        await Eventually.TrueAsync(
            async () => (record = await Bridge.TurnsAsync(Call)).LastOrDefault(turn => turn.Speaker == Speaker.Agent) is { } last && Phone.Heard.EndsWith(last.Text, StringComparison.Ordinal),
            "the last words are recorded", TimeSpan.FromSeconds(10));
        return record;
    }

    public async ValueTask DisposeAsync()
    {
        await Phone.DisposeAsync();
        await Worker.DisposeAsync();
        await Bridge.DisposeAsync();
        await Vendors.DisposeAsync();
    }
}
