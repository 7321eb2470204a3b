using CityMonitor.AgentWorker.Talk;

namespace CityMonitor.AgentWorker.Tests.Talk;

public sealed class SentenceCutterTests
{
    static List<string> Cut(string text, int size)
    {
        var cutter = new SentenceCutter();
        var pieces = new List<string>();
        for (var i = 0; i < text.Length; i += size)
        {
            pieces.AddRange(cutter.Add(text.Substring(i, Math.Min(size, text.Length - i))));
        }

        if (cutter.End() is { } rest)
        {
            pieces.Add(rest);
        }

        return pieces;
    }

    [Theory]
    [InlineData("Thank you. Is that right? Yes!", "Thank you.|Is that right?|Yes!")]
    [InlineData("It is 3.5 kilometres from Dr. Smith at 5 p.m. today. Go.", "It is 3.5 kilometres from Dr. Smith at 5 p.m. today.|Go.")]
    [InlineData("**Bold** and `code`.\n- one\n- two", "Bold and code.|- one|- two")]
    [InlineData("1. First this. 2. Then that.", "1. First this.|2. Then that.")]
    [InlineData("No end", "No end")]
    [InlineData("  \n \n ", "")]
    [InlineData("کیا آپ آ سکتے ہیں؟ شکریہ۔", "کیا آپ آ سکتے ہیں؟|شکریہ۔")]
    public void Pieces_are_whole_sentences_however_the_stream_is_cut(string text, string pieces)
    {
        foreach (var size in new[] { 1, 2, 3, 7, 1000 })
        {
            Assert.Equal(pieces, string.Join('|', Cut(text, size)));
        }
    }

    [Fact]
    public void A_sentence_without_an_end_is_spoken_by_clauses_and_loses_no_word()
    {
        var text = string.Join(", ", Enumerable.Range(1, 100).Select(i => $"street number {i}"));
        var pieces = Cut(text, 5);

        Assert.All(pieces, piece => Assert.InRange(piece.Length, 1, 330));
        Assert.Equal(text, string.Join(' ', pieces));
    }

    [Fact]
    public void A_sentence_is_there_as_soon_as_the_next_one_begins()
    {
        var cutter = new SentenceCutter();

        Assert.Empty(cutter.Add("Hello there."));
        Assert.Equal("Hello there.", Assert.Single(cutter.Add(" I")));
    }
}
