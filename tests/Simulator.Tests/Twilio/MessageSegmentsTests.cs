using CityMonitor.Simulator.Twilio.Messages;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class MessageSegmentsTests
{
    [Theory]
    [InlineData("a", 160, 1)]
    [InlineData("a", 161, 2)]
    [InlineData("a", 306, 2)]
    [InlineData("a", 307, 3)]
    [InlineData("€", 80, 1)]
    [InlineData("€", 81, 2)]
    [InlineData("ж", 70, 1)]
    [InlineData("ж", 71, 2)]
    [InlineData("ж", 135, 3)]
    [InlineData("a", 0, 1)]
    public void A_text_takes_as_many_segments_as_its_alphabet_needs(string character, int times, int segments) =>
        Assert.Equal(segments, MessageSegments.Of(string.Concat(Enumerable.Repeat(character, times))));

    [Fact]
    public void One_character_beyond_the_alphabet_makes_the_whole_text_wide() =>
        Assert.Equal((1, 2), (MessageSegments.Of(new string('a', 100)), MessageSegments.Of(new string('a', 99) + "–")));
}
