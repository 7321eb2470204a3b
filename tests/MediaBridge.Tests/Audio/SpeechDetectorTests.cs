using CityMonitor.MediaBridge.Audio;
using CityMonitor.Simulator.Speech;
using MuLaw = CityMonitor.MediaBridge.Audio.MuLaw;

namespace CityMonitor.MediaBridge.Tests.Audio;

/// <summary>What the detector promises whatever the line is like; how good it is on real speech is measured by `bench -- vad`.</summary>
public sealed class SpeechDetectorTests
{
    const int Second = 50;

    [Theory]
    [InlineData(300)]
    [InlineData(1500)]
    [InlineData(4000)]
    public void A_line_that_becomes_noisy_is_speech_for_two_seconds_at_the_most(int loudness)
    {
        var detector = new SpeechDetector();
        Feed(detector, Noise(50, 2 * Second));
        Feed(detector, Noise(loudness, 3 * Second));
        Assert.False(detector.IsSpeaking);
        Assert.DoesNotContain(Feed(detector, Noise(loudness, 20 * Second)), heard => heard.HasFlag(Heard.SpeechStarted));
    }

    [Theory]
    [InlineData(300)]
    [InlineData(900)]
    public void A_voice_stands_out_of_noise_and_ends_when_it_ends(int loudness)
    {
        var detector = new SpeechDetector();
        Feed(detector, Noise(loudness, 4 * Second));
        var heard = Feed(detector, Over(ToneCode.Encode("Yes I accept"), loudness));
        Assert.Contains(heard, h => h.HasFlag(Heard.SpeechStarted));
        var after = Feed(detector, Noise(loudness, Second));
        Assert.InRange(after.FindIndex(h => h.HasFlag(Heard.SpeechEnded)), 5, 30);
    }

    [Fact]
    public void A_line_that_becomes_quiet_is_trusted_within_a_second()
    {
        var detector = new SpeechDetector();
        Feed(detector, Noise(3000, 5 * Second));
        Feed(detector, Noise(30, Second));
        Assert.Contains(Feed(detector, Over(Quieter(ToneCode.Encode("Yes"), 8), 30)), h => h.HasFlag(Heard.SpeechStarted));
    }

    [Fact]
    public void A_click_or_a_cough_is_not_speech()
    {
        var detector = new SpeechDetector();
        Feed(detector, Noise(50, 2 * Second));
        for (var i = 0; i < 20; i++)
        {
            Assert.DoesNotContain(Feed(detector, Noise(8000, 3)), h => h.HasFlag(Heard.SpeechStarted));
            Feed(detector, Noise(50, 15));
        }
    }

    [Fact]
    public void A_strict_detector_wants_more_than_a_sensitive_one()
    {
        int[] starts = [.. new[] { DetectorMode.Sensitive, DetectorMode.Normal, DetectorMode.Strict }.Select(mode =>
        {
            var detector = new SpeechDetector(new SpeechDetectorSettings(mode, quietestDbov: -60));
            Feed(detector, Noise(200, 4 * Second));
            var level = 0;
            do
            {
                level += 10;
                Feed(detector, Noise(200, Second));
            }
            while (level < 8000 && !Feed(detector, Noise(200 + level, 8)).Exists(h => h.HasFlag(Heard.SpeechStarted)));
            return level;
        })];
        Assert.True(starts[0] < starts[1] && starts[1] < starts[2], string.Join(' ', starts));
    }

    [Fact]
    public void The_same_audio_is_always_heard_in_the_same_way()
    {
        var audio = Over(ToneCode.Encode("Send it to this number please"), 400);
        Assert.Equal(Feed(new SpeechDetector(), audio), Feed(new SpeechDetector(), audio));
    }

    [Fact]
    public void Frames_of_any_size_are_taken()
    {
        var detector = new SpeechDetector();
        detector.Feed([]);
        detector.Feed([0x12]);
        detector.Feed(new byte[4000]);
        Assert.False(double.IsNaN(detector.SilenceMs));
        Assert.Contains(Feed(detector, [.. Noise(20, 2 * Second), .. ToneCode.Encode("Hello there")]), h => h.HasFlag(Heard.SpeechStarted));
    }

    static List<Heard> Feed(SpeechDetector detector, byte[] audio)
    {
        var heard = new List<Heard>();
        for (var at = 0; at + 160 <= audio.Length; at += 160)
        {
            heard.Add(detector.Feed(audio.AsSpan(at, 160)));
        }

        return heard;
    }

    static byte[] Noise(int loudness, int frames)
    {
        var random = new Random(loudness);
        return [.. Enumerable.Range(0, frames * 160).Select(_ => MuLaw.Encode((short)random.Next(-loudness, loudness + 1)))];
    }

    static byte[] Over(byte[] voice, int loudness)
    {
        var random = new Random(3);
        return [.. voice.Select(value => MuLaw.Encode((short)Math.Clamp(MuLaw.Decode(value) + random.Next(-loudness, loudness + 1), -32000, 32000)))];
    }

    static byte[] Quieter(byte[] voice, int by) => [.. voice.Select(value => MuLaw.Encode((short)(MuLaw.Decode(value) / by)))];
}
