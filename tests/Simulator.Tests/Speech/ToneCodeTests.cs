using System.Text;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Speech;

public sealed class ToneCodeTests
{
    static readonly double[] DtmfLow = [697, 770, 852, 941];
    static readonly double[] DtmfHigh = [1209, 1336, 1477, 1633];

    [Theory]
    [InlineData("Hello?")]
    [InlineData("This is City Monitor. A fire was seen at 12 Main Street; can you respond?")]
    [InlineData("Ünïcödé, naïve — ہنگامی صورتحال 🚒 火事")]
    [InlineData("a")]
    public void What_is_said_is_heard(string text) => Assert.Equal(text, Hear(ToneCode.Encode(text)));

    [Fact]
    public void Every_byte_but_the_space_survives()
    {
        for (var value = 0; value < 128; value++)
        {
            if (value != ' ')
            {
                Assert.Equal(((char)value).ToString(), Hear(ToneCode.Encode([(byte)value])));
            }
        }

        // The bytes above 127 in the only order in which UTF-8 allows them.
        var all = string.Concat(Enumerable.Range(0x80, 0x700).Select(code => (char)code));
        Assert.Equal(all, Hear(ToneCode.Encode(all)));
        Assert.Equal("\U0001F692\U0010FFFF", Hear(ToneCode.Encode("\U0001F692\U0010FFFF")));
    }

    [Fact]
    public void Several_spaces_are_heard_as_one_and_those_at_the_ends_as_none() =>
        Assert.Equal("one two", Hear(ToneCode.Encode("  one   two ")));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(160)]
    [InlineData(333)]
    [InlineData(8000)]
    public void Framing_makes_no_difference(int frame)
    {
        const string Text = "Officer Dana Reyes, Central Police.";
        var decoder = new ToneDecoder();
        foreach (var chunk in ToneCode.Encode(Text).Chunk(frame))
        {
            decoder.Feed(chunk);
        }

        decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(50)));
        Assert.Equal(Text, decoder.Take());
    }

    [Fact]
    public void A_cut_at_any_sample_loses_at_most_the_symbol_that_it_cuts()
    {
        const string Text = "Hello there";
        var audio = ToneCode.Encode(Text);
        for (var cut = 0; cut < audio.Length; cut += 13)
        {
            var tail = Hear(audio[cut..]);
            Assert.EndsWith(tail, Text, StringComparison.Ordinal);
            var head = Hear([.. audio[..cut], .. MuLaw.SilenceOf(TimeSpan.FromMilliseconds(40))]);
            Assert.StartsWith(head, Text, StringComparison.Ordinal);
            Assert.InRange(Text.Replace(" ", "", StringComparison.Ordinal).Length - Letters(head) - Letters(tail), 0, 1);
        }

        static int Letters(string text) => text.Count(c => c != ' ');
    }

    [Fact]
    public void After_a_cut_the_next_words_are_whole()
    {
        var first = ToneCode.Encode("A fire was detected");
        var second = ToneCode.Encode("Sorry, go on.");
        for (var cut = 2000; cut < 3000; cut += 17)
        {
            Assert.EndsWith("Sorry, go on.", Hear([.. first[..cut], .. second]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_character_of_several_bytes_that_is_cut_is_dropped_without_a_trace()
    {
        var audio = ToneCode.Encode("a火b");
        var withoutOneByte = audio[..(ToneCode.LeadSamples + (2 * ToneCode.SymbolSamples))]
            .Concat(audio[(ToneCode.LeadSamples + (3 * ToneCode.SymbolSamples))..]).ToArray();
        Assert.Equal("ab", Hear(withoutOneByte));
    }

    [Fact]
    public void A_text_right_behind_another_begins_a_new_word() =>
        Assert.Equal("One moment. Thank you.", Hear([.. ToneCode.Encode("One moment."), .. ToneCode.Encode("Thank you.")]));

    [Fact]
    public void No_symbol_is_a_pair_of_keypad_tones()
    {
        Assert.Equal(16, ToneCode.LowTones.Length);
        Assert.Equal(16, ToneCode.HighTones.Length);
        foreach (var low in ToneCode.LowTones.ToArray())
        {
            foreach (var high in ToneCode.HighTones.ToArray())
            {
                var tones = new[] { low, high };
                Assert.False(tones.Any(tone => Near(tone, DtmfLow)) && tones.Any(tone => Near(tone, DtmfHigh)));
                Assert.InRange(low, 300, 3400);
                Assert.InRange(high, 300, 3400);
            }
        }

        static bool Near(double tone, double[] keys) => keys.Any(key => Math.Abs(tone - key) / key < 0.035);
    }

    [Fact]
    public void It_lasts_about_as_long_as_speech()
    {
        var text = "A fire was detected at the corner of Main Street and Fifth Avenue.";
        Assert.InRange(text.Length / ToneCode.DurationOf(text).TotalSeconds, 12, 18);
    }

    [Fact]
    public void The_end_of_an_utterance_is_noticed_once_and_the_pause_between_words_is_not_one()
    {
        var decoder = new ToneDecoder(TimeSpan.FromMilliseconds(400));
        Assert.False(decoder.IsSpeaking);
        foreach (var frame in ToneCode.Encode("yes I accept").Chunk(160))
        {
            decoder.Feed(frame);
            Assert.False(decoder.UtteranceEnded);
        }

        Assert.True(decoder.IsSpeaking);
        decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(400)));
        Assert.True(decoder.UtteranceEnded);
        Assert.Equal("yes I accept", decoder.TakeUtterance());
        Assert.False(decoder.UtteranceEnded);
        Assert.False(decoder.IsSpeaking);
        Assert.True(decoder.SilenceFor >= TimeSpan.FromMilliseconds(400));
    }

    [Fact]
    public void Noise_is_energy_but_no_text()
    {
        var random = new Random(3);
        var noise = new byte[4000];
        random.NextBytes(noise);
        var decoder = new ToneDecoder();
        decoder.Feed(noise);
        Assert.True(decoder.HasEnergy);
        decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(500)));
        Assert.Equal("", decoder.Take());
        Assert.Equal(1, decoder.Garbled);
        decoder.Feed(ToneCode.Encode("fine"));
        Assert.Equal("fine", decoder.Take());
    }

    [Fact]
    public void Random_texts_survive_random_framing()
    {
        var random = new Random(11);
        for (var round = 0; round < 60; round++)
        {
            var text = string.Join(' ', Enumerable.Range(0, random.Next(1, 6)).Select(_ => Word(random)));
            var audio = ToneCode.Encode(text);
            var decoder = new ToneDecoder();
            for (var at = 0; at < audio.Length;)
            {
                var length = Math.Min(random.Next(1, 900), audio.Length - at);
                decoder.Feed(audio.AsSpan(at, length));
                at += length;
            }

            decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(20)));
            Assert.Equal(text, decoder.Take());
        }

        static string Word(Random random) => new StringBuilder()
            .AppendJoin("", Enumerable.Range(0, random.Next(1, 9)).Select(_ => new Rune(random.Next(4) switch
            {
                0 => random.Next(0x21, 0x7F),
                1 => random.Next(0x600, 0x6FF),
                2 => random.Next(0x4E00, 0x9FFF),
                _ => random.Next('a', 'z'),
            }).ToString())).ToString();
    }

    static string Hear(byte[] audio)
    {
        var decoder = new ToneDecoder();
        decoder.Feed(audio);
        decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(50)));
        return decoder.Take().TrimStart(' ');
    }
}
