using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>Ears and voices that are slow, wrong, refusing, mute or gone, in the middle of a call.</summary>
public sealed class CascadeFaultTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_ear_that_drops_in_mid_word_loses_no_turn()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["I see."]);
        await scene.GreetedAsync();
        var saying = scene.Phone.SayAsync("Fire station four");
        await Eventually.TrueAsync(() => scene.Bridge.Streams.All.Any(stream => stream.Status.CallerSpeaking), "the caller is speaking");
        scene.Vendors.Faults.Set(FaultTarget.DeepgramListen, new Fault { DropSocketsAfterMs = 0 });
        scene.Vendors.Faults.Clear(FaultTarget.DeepgramListen);
        await saying;
        await scene.Phone.HeardAsync("I see.", Patience);
        Assert.Equal("Fire station four", Assert.Single(scene.Worker.Confirmed).Text);
    }

    [Fact]
    public async Task An_ear_that_goes_mute_is_replaced_and_hears_the_utterance_again()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["I see."], ("Cascade:Ears", "deepgram,elevenlabs"));
        await scene.GreetedAsync();
        scene.Vendors.Faults.Set(FaultTarget.DeepgramListen, new Fault { Mute = true }); // for good: only another ear can hear it
        await scene.Phone.SayAsync("Fire station four");
        var stopped = scene.Phone.Watch.Elapsed;
        await scene.Phone.HeardAsync("I see.", Patience);
        Assert.Equal("Fire station four", Assert.Single(scene.Worker.Confirmed).Text);
        Assert.True(scene.Phone.Watch.Elapsed - stopped < TimeSpan.FromSeconds(6), $"{scene.Phone.Watch.Elapsed - stopped}"); // 4 s and the words; a busy machine has some of it
    }

    [Fact]
    public async Task A_caller_whom_no_ear_writes_down_is_asked_to_say_it_again()
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["I see."]);
        await scene.GreetedAsync();
        scene.Vendors.Faults.Set(FaultTarget.DeepgramListen, new Fault { Mute = true });
        await scene.Phone.SayAsync("Fire station four");
        var stopped = scene.Phone.Watch.Elapsed;
        await scene.Phone.HeardAsync("Please say it again.", Patience);
        Assert.True(scene.Phone.Watch.Elapsed - stopped < TimeSpan.FromSeconds(12), $"{scene.Phone.Watch.Elapsed - stopped}"); // 5 s and the words; a busy machine has some of it
        await scene.QuietAsync();
        scene.Vendors.Faults.Clear(FaultTarget.DeepgramListen);
        await scene.Phone.SayAsync("Fire station four");
        await scene.Phone.HeardAsync("I see.", Patience);
        Assert.Equal("Fire station four", scene.Worker.Confirmed[^1].Text);
    }

    /// <summary>An ear that only writes down what our detector cuts out for it has to be told of an utterance that was over before it was there.</summary>
    [Fact]
    public async Task What_is_said_before_the_engine_is_there_is_a_turn_for_an_ear_that_hears_whole_utterances()
    {
        using var hangs = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        hangs.Start(); // takes connections and never says a word
        const string Voice = "elevenlabs/EXAVITQu4vr4xnSDxMaL";
        await using var scene = await Scene.StartAsync(
            redis, turn => ["I see."], call => call with { Voice = Voice, Speech = new(["deepgram", "elevenlabs-batch"], [new VoiceChoice("elevenlabs", Voice.Split('/')[1])]) },
            ("Deepgram:BaseUrl", $"http://127.0.0.1:{((System.Net.IPEndPoint)hangs.LocalEndpoint).Port}"), ("Cascade:HedgeMs", "4000"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Fire station four");
        Assert.Equal("opening", Assert.Single(scene.Bridge.Streams.All).Status.Engine);
        await scene.Phone.HeardAsync("I see.", Patience);
        Assert.Equal("Fire station four", Assert.Single(scene.Worker.Confirmed).Text);
    }

    [Fact]
    public async Task An_ear_that_refuses_at_the_start_ends_in_keypad_mode()
    {
        await using var scene = await Scene.StartAsync(redis, turn => null, ("Deepgram:OpenTimeoutMs", "500"), ("Cascade:OpenTimeoutMs", "500"));
        scene.Vendors.Faults.Set(FaultTarget.DeepgramListen, new Fault { Status = 503, DropSocketsAfterMs = 0 });
        Assert.Equal("engine-failed", (await scene.Phone.Closed.WaitAsync(Patience)).Reason);
        Assert.Equal("keypad", await scene.Bridge.FieldAsync(scene.Call, CallFields.Mode));
    }

    [Theory]
    [InlineData("refuses")]
    [InlineData("mute")]
    public async Task A_voice_that_cannot_speak_is_replaced_before_the_phone_notices(string fault)
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["There is a fire."], Voices("deepgram/aura-2-andromeda-en"), ("Cascade:FirstAudioMs", "500"));
        await scene.GreetedAsync();
        // Only the socket: the way by HTTP is the second voice.
        scene.Vendors.Faults.Set(FaultTarget.DeepgramSpeak, fault == "mute"
            ? new Fault { Mute = true, Match = "^GET /v1/speak" } : new Fault { Status = 503, Match = "^GET /v1/speak", DropSocketsAfterMs = 0 });
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("There is a fire.", Patience);
        await scene.QuietAsync();
        Assert.Equal("City desk here. There is a fire.", scene.Phone.Heard);
    }

    [Fact]
    public async Task A_voice_that_breaks_in_mid_sentence_is_followed_from_the_next_word()
    {
        const string Sentence = "There is a fire at the old harbour and the wind comes from the north so be careful when you drive up.";
        await using var scene = await Scene.StartAsync(redis, turn => [Sentence], Voices("deepgram/aura-2-andromeda-en"));
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("There is", Patience);
        scene.Vendors.Faults.Set(FaultTarget.DeepgramSpeak, new Fault { DropSocketsAfterMs = 0 });
        scene.Vendors.Faults.Clear(FaultTarget.DeepgramSpeak);
        await scene.Phone.HeardAsync("drive up.", Patience);
        await scene.QuietAsync();

        var heard = scene.Phone.Heard["City desk here. ".Length..].Split(' ');
        Assert.True(IsSaidOnce(Sentence.Split(' '), heard), string.Join(' ', heard));
    }

    /// <summary>Every word in order, once; only the one at which the voice broke may be begun twice.</summary>
    static bool IsSaidOnce(string[] words, string[] heard)
    {
        var same = words.Zip(heard).TakeWhile(pair => pair.First == pair.Second).Count();
        if (same == words.Length)
        {
            return heard.Length == words.Length;
        }

        var word = words[same];
        return (heard.Length == words.Length + 1 && word.StartsWith(heard[same], StringComparison.Ordinal) && heard.AsSpan(same + 1).SequenceEqual(words.AsSpan(same)))
            || (heard.Length == words.Length && heard[same].EndsWith(word, StringComparison.Ordinal) && heard.AsSpan(same + 1).SequenceEqual(words.AsSpan(same + 1)));
    }

    static SpeechChoice Voices(params string[] voices) =>
        new([], [.. voices.Select(voice => new VoiceChoice(voice.Split('/')[0], voice.Split('/')[1]))]);
}
