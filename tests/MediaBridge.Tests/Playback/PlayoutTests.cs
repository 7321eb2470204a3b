using CityMonitor.MediaBridge.Playback;

namespace CityMonitor.MediaBridge.Tests.Playback;

public sealed class PlayoutTests
{
    sealed class Clock : TimeProvider
    {
        public long Milliseconds { get; set; } = 1000;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Milliseconds;
    }

    sealed class Line : IPhoneLine
    {
        public long Bytes { get; private set; }

        public List<(int Generation, int Number)> Marks { get; } = [];

        public int Clears { get; private set; }

        public bool Full { get; set; }

        public bool Audio(ReadOnlySpan<byte> mulaw)
        {
            Bytes += Full ? 0 : mulaw.Length;
            return !Full;
        }

        public bool Mark(int generation, int number)
        {
            Marks.Add((generation, number));
            return true;
        }

        public void Clear() => Clears++;
    }

    readonly Clock clock = new();
    readonly Line line = new();
    readonly List<string> heard = [];
    readonly Playout playout;

    public PlayoutTests() => playout = new Playout(line, clock, segment => heard.Add(segment.Text));

    void Say(string text, int milliseconds)
    {
        playout.Begin(text);
        playout.Append(new byte[milliseconds * 8]);
        playout.Complete();
    }

    [Fact]
    public void A_mark_comes_each_second_and_at_the_end()
    {
        Say("One two three.", 2500);
        Assert.Equal([(0, 1), (0, 2), (0, 3)], line.Marks);
    }

    [Fact]
    public void The_clock_moves_between_marks_and_never_past_one_that_was_not_echoed()
    {
        Say("One two three.", 2500);
        clock.Milliseconds += 500;
        Assert.Equal(4000, playout.Played);
        clock.Milliseconds += 2500;
        Assert.Equal(8000, playout.Played);
        Assert.True(playout.OnMark(0, 1));
        clock.Milliseconds += 100;
        Assert.Equal(8800, playout.Played);
    }

    [Fact]
    public void A_segment_is_heard_when_its_last_mark_is_echoed()
    {
        Say("One.", 500);
        Say("Two.", 500);
        playout.OnMark(0, 1);
        Assert.Equal(["One."], heard);
        Assert.True(playout.IsPlaying);
        playout.OnMark(0, 2);
        Assert.Equal(["One.", "Two."], heard);
        Assert.False(playout.IsPlaying);
    }

    [Fact]
    public void An_interruption_cuts_at_the_last_whole_word_and_names_the_first_unheard_sentence()
    {
        Say("It burns. Go to the mill.", 2500);
        clock.Milliseconds += 1500;
        playout.OnMark(0, 1);
        clock.Milliseconds += 500;
        var spoken = Assert.Single(playout.Interrupt());
        Assert.Equal(new Spoken("It burns. Go to", true, "Go to the mill."), spoken);
        Assert.Equal(1, line.Clears);
        Assert.False(playout.OnMark(0, 3), "an echo of what was cleared");
        Assert.Empty(heard);
        Assert.False(playout.IsPlaying);
    }

    [Fact]
    public void Nothing_heard_is_nothing_said()
    {
        Say("It burns.", 1000);
        var spoken = Assert.Single(playout.Interrupt());
        Assert.Equal(new Spoken("", true, "It burns."), spoken);
    }

    [Fact]
    public void A_lost_mark_is_believed_after_two_seconds()
    {
        Say("One.", 500);
        clock.Milliseconds += 2400;
        playout.Tick();
        Assert.Empty(heard);
        clock.Milliseconds += 200;
        playout.Tick();
        Assert.Equal(["One."], heard);
    }

    [Fact]
    public void A_text_without_audio_is_dropped_and_counts_as_unheard_when_the_vendor_goes()
    {
        playout.Begin("Never spoken.");
        Assert.Equal("Never spoken.", playout.CutShort());
        Assert.False(playout.IsPlaying);
    }

    [Fact]
    public void Audio_that_the_line_does_not_take_is_not_counted_as_sent()
    {
        line.Full = true;
        playout.Begin("One.");
        playout.Append(new byte[8000]);
        Assert.Equal(0, playout.Sent);
    }

    [Theory]
    [InlineData("We have a fire", 0, "")]
    [InlineData("We have a fire", 480 * 2, "We")]
    [InlineData("We have a fire", 480 * 7, "We")]
    [InlineData("We have a fire", 480 * 8, "We have")]
    [InlineData("We have a fire", 480 * 16, "We have a")]
    [InlineData("We have a fire", 480 * 17, "We have a fire")]
    [InlineData("We have a fire", 100_000, "We have a fire")]
    public void A_text_is_cut_where_its_audio_was(string text, long bytes, string expected) =>
        Assert.Equal(expected, text[..HeardText.Characters(text, bytes, 480)].TrimEnd());

    [Theory]
    [InlineData("It burns. Go now!", 0, "It burns. Go now!")]
    [InlineData("It burns. Go now!", 9, "Go now!")]
    [InlineData("It burns. Go now!", 12, "Go now!")]
    [InlineData("It burns. Go now!", 17, "")]
    [InlineData("It costs 3.5 now. Go.", 12, "It costs 3.5 now. Go.")]
    public void What_is_repeated_begins_with_the_first_sentence_not_heard_to_its_end(string text, int heardCharacters, string expected) =>
        Assert.Equal(expected, Sentences.Unheard(text, heardCharacters));
}
