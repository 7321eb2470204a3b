using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Tests.Turns;

public sealed class TurnTakingTests
{
    [Theory]
    [InlineData("Goodbye.", true)]
    [InlineData("Well, good-bye then!", true)]
    [InlineData("GOOD BYE", true)]
    [InlineData("I said goodbyes.", false)]
    [InlineData("A good byte", false)]
    [InlineData("", false)]
    public void A_goodbye_is_heard_as_whole_words(string text, bool expected) =>
        Assert.Equal(expected, new GoodbyePhrases(["goodbye", "good bye"]).IsIn(text));

    [Fact]
    public void Without_phrases_nothing_is_a_goodbye() => Assert.False(new GoodbyePhrases(["", " "]).IsIn("goodbye"));

    [Fact]
    public void Silence_prompts_in_order_and_then_says_goodbye()
    {
        var silence = new SilencePolicy(new CallLimits(900, 10, ["One?", "Two?"], []));
        Assert.Equal(SilenceStep.None, silence.Tick(0, false));
        Assert.Equal(SilenceStep.None, silence.Tick(9_999, false));
        Assert.Equal(SilenceStep.Prompt, silence.Tick(10_000, false));
        Assert.Equal("One?", silence.PromptText);
        Assert.Equal(SilenceStep.None, silence.Tick(12_000, true));
        Assert.Equal(SilenceStep.None, silence.Tick(13_000, false));
        Assert.Equal(SilenceStep.Prompt, silence.Tick(23_000, false));
        Assert.Equal("Two?", silence.PromptText);
        Assert.Equal(SilenceStep.GoodBye, silence.Tick(33_000, false));
    }

    [Fact]
    public void A_vendor_is_mute_1500_ms_after_the_caller_and_2500_ms_after_a_turn()
    {
        var watch = new MuteWatch();
        watch.CallerStopped(1000);
        Assert.False(watch.IsMute(2499, false));
        Assert.True(watch.IsMute(2500, false));
        watch.TurnTaken(10_000);
        Assert.False(watch.IsMute(12_499, false));
        Assert.True(watch.IsMute(12_500, false));
    }

    [Fact]
    public void A_vendor_that_works_on_it_gets_five_seconds()
    {
        var watch = new MuteWatch();
        watch.TurnTaken(0);
        watch.VendorAlive();
        Assert.False(watch.IsMute(4999, false));
        Assert.True(watch.IsMute(5000, false));
    }

    [Fact]
    public void A_cough_while_the_agent_is_heard_is_nobodys_fault()
    {
        var watch = new MuteWatch();
        watch.CallerStopped(0);
        Assert.False(watch.IsMute(1500, audible: true));
        Assert.False(watch.IsMute(3000, audible: false));
    }

    [Fact]
    public void Dead_air_is_filled_again_and_again_while_words_are_owed_and_never_else()
    {
        var air = new DeadAir(["One.", "Two."]);
        air.Sounded(10_000);
        Assert.False(air.IsDue(20_000, owed: false));
        Assert.False(air.IsDue(20_050, owed: true)); // until now it was the caller's turn
        Assert.False(air.IsDue(22_300, owed: true));
        Assert.True(air.IsDue(22_350, owed: true));
        air.Sounded(23_000);
        Assert.False(air.IsDue(25_250, owed: true));
        Assert.True(air.IsDue(25_300, owed: true));
        Assert.Equal("One. Two. One.", $"{air.NextPhrase()} {air.NextPhrase()} {air.NextPhrase()}");
        Assert.Null(new DeadAir([]).NextPhrase());
    }

    [Fact]
    public void The_detector_hears_words_marks_pauses_and_ignores_silence_and_hum()
    {
        var detector = new SpeechDetector();
        var quiet = Enumerable.Repeat((byte)0xFF, 160).ToArray();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(Heard.Nothing, detector.Feed(quiet));
        }

        var heard = Feed(detector, ToneCode.Encode("Hello there"));
        Assert.Contains(heard, h => h.HasFlag(Heard.SpeechStarted));
        Assert.Contains(heard, h => h.HasFlag(Heard.Pause));
        Assert.DoesNotContain(heard, h => h.HasFlag(Heard.SpeechEnded));
        Assert.True(detector.IsSpeaking);
        Assert.InRange(detector.VoicedMs, 380, 620);
        var after = Enumerable.Range(0, 25).Select(_ => detector.Feed(quiet)).ToList();
        Assert.InRange(after.FindIndex(h => h.HasFlag(Heard.SpeechEnded)), 8, 15);
        Assert.Single(after, h => h.HasFlag(Heard.SpeechEnded));
        Assert.False(detector.IsSpeaking);

        // A hum of -50 dBFS for ten seconds.
        var hum = Enumerable.Range(0, 160).Select(i => CityMonitor.Simulator.Speech.MuLaw.Encode((short)(100 * Math.Sin(i / 4.0)))).ToArray();
        Assert.DoesNotContain(Enumerable.Range(0, 500).Select(_ => detector.Feed(hum)), h => h.HasFlag(Heard.SpeechStarted));
    }

    [Fact]
    public void The_detector_knows_where_the_first_sound_was()
    {
        var detector = new SpeechDetector();
        var quiet = Enumerable.Repeat((byte)0xFF, 160).ToArray();
        for (var i = 0; i < 50; i++)
        {
            detector.Feed(quiet);
        }

        var audio = ToneCode.Encode("I am");
        var fed = 0;
        for (var at = 0; at + 160 <= audio.Length; at += 160)
        {
            detector.Feed(audio.AsSpan(at, 160));
            fed += 160;
        }

        Assert.InRange(detector.SinceOnset, fed - 320, fed);
    }

    [Fact]
    public void The_callers_tape_gives_back_the_last_eight_seconds()
    {
        using var tape = new CallerTape();
        for (var i = 0; i < 500; i++)
        {
            tape.Add(Enumerable.Repeat((byte)i, 160).ToArray(), keepFrom: 0);
        }

        var from = tape.Position - 320;
        var chunk = new byte[640];
        Assert.Equal(320, tape.Read(ref from, chunk));
        Assert.Equal(((byte)(498 % 256), (byte)(499 % 256)), (chunk[0], chunk[319]));
        Assert.Equal(0, tape.Read(ref from, chunk));
        from = 0;
        long all = 0;
        while (tape.Read(ref from, chunk) is > 0 and var read)
        {
            all += read;
        }

        Assert.Equal(CallerTape.Capacity, all);
    }

    [Fact]
    public void The_callers_tape_grows_only_for_an_utterance_that_is_longer_and_loses_nothing_of_it()
    {
        using var tape = new CallerTape();
        var sent = new List<byte>();
        for (var i = 0; i < 400; i++)
        {
            var frame = Enumerable.Range(0, 160).Select(n => (byte)((i * 7) + n)).ToArray();
            sent.AddRange(frame);
            tape.Add(frame, keepFrom: i < 150 ? -1 : 150 * 160);
        }

        long from = 150 * 160;
        var heard = new byte[(400 - 150) * 160];
        var length = tape.Read(ref from, heard);
        Assert.Equal(heard.Length, length);
        Assert.Equal(sent.Skip(150 * 160), heard);

        using var idle = new CallerTape();
        for (var i = 0; i < 400; i++)
        {
            idle.Add(new byte[160], keepFrom: -1);
        }

        from = 0;
        Assert.Equal(16384, idle.Read(ref from, new byte[CallerTape.Capacity]));
    }

    [Fact]
    public void A_batch_leaves_when_full_and_when_the_caller_pauses()
    {
        using var batch = new UplinkBatch();
        var frame = new byte[160];
        Assert.Equal(0, batch.Add(frame, false, out _).Length);
        Assert.Equal(0, batch.Add(frame, false, out _).Length);
        Assert.Equal(480, batch.Add(frame, true, out _).Length);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(0, batch.Add(frame, false, out _).Length);
        }

        Assert.Equal(640, batch.Add(frame, false, out _).Length);
        var large = new byte[10_000];
        var first = batch.Add(large, false, out var rest);
        Assert.Equal(10_000, first.Length + rest.Length);
    }

    [Fact]
    public void Hearing_a_frame_allocates_nothing()
    {
        var detector = new SpeechDetector();
        using var tape = new CallerTape();
        using var batch = new UplinkBatch();
        var audio = ToneCode.Encode("Hello there");
        var sent = 0;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var at = 0; at + 160 <= audio.Length; at += 160)
            {
                var frame = audio.AsSpan(at, 160);
                tape.Add(frame, keepFrom: -1);
                sent += batch.Add(frame, (detector.Feed(frame) & Heard.Pause) != 0, out _).Length;
            }

            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before);
        }

        Assert.True(sent > 0);
    }

    [Theory]
    [InlineData("https://media.example.org", "wss://media.example.org/media")]
    [InlineData("wss://media.example.org/", "wss://media.example.org/media")]
    [InlineData("wss://example.org/bridge/7", "wss://example.org/bridge/7")]
    [InlineData("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/media")]
    [InlineData("http://127.0.0.1:8080", "ws://127.0.0.1:8080/media")]
    public void The_public_url_becomes_the_streams_url(string given, string expected) => Assert.Equal(expected, PublicUrlOptions.StreamUrl(given));

    [Fact]
    public void Wrong_options_name_their_keys()
    {
        Assert.StartsWith("PublicUrls:Media", Assert.Single(new PublicUrlOptions { Media = "media.example.org" }.Problems()), StringComparison.Ordinal);
        Assert.StartsWith("Capacity:MaxConcurrentCalls", Assert.Single(new CapacityOptions { MaxConcurrentCalls = 0 }.Problems()), StringComparison.Ordinal);
        Assert.Equal(2, new BridgeOptions { StartTimeoutMs = 1, DrainSeconds = -1 }.Problems().Count());
        Assert.Equal(2, new TurnsOptions { FalseAlarmAfterMs = 1, ShortestUtteranceMs = 1 }.Problems().Count());
    }

    [Theory]
    [InlineData(25, 30, null)]
    [InlineData(26, 30, "Media:DrainSeconds must be at least 5 s below Drain:Timeout")]
    [InlineData(0, 1, null)]
    [InlineData(null, 1, null)]
    public void A_drain_must_fit_into_the_time_that_the_process_has_for_it(int? drain, int timeout, string? problem)
    {
        var result = new DrainTime.Validation(Host(timeout)).Validate(null, new BridgeOptions { DrainSeconds = drain });
        Assert.Equal(problem is not null, result.Failed);
        Assert.StartsWith(problem ?? "", result.FailureMessage ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 30, 20)]
    [InlineData(null, 6, 4)]
    [InlineData(25, 30, 25)]
    public void A_drain_that_is_not_configured_follows_the_time_that_there_is(int? drain, int timeout, int expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), new DrainTime(Options.Create(new BridgeOptions { DrainSeconds = drain }), Host(timeout)).AtMost);

    static IOptions<HostOptions> Host(int timeout) => Options.Create(new HostOptions { ShutdownTimeout = TimeSpan.FromSeconds(timeout) });

    static List<Heard> Feed(SpeechDetector detector, byte[] audio)
    {
        var heard = new List<Heard>();
        for (var at = 0; at + 160 <= audio.Length; at += 160)
        {
            heard.Add(detector.Feed(audio.AsSpan(at, 160)));
        }

        return heard;
    }
}
