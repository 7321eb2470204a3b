using CityMonitor.MediaBridge.Cascade;

namespace CityMonitor.MediaBridge.Tests.Cascade;

public sealed class SpellingTests
{
    [Theory]
    [InlineData("Call +1 202-555-0124 now.", "Call plus 1, 2 0 2, 5 5 5, 0 1 2 4 now.")]
    [InlineData("Call (202) 555-0124.", "Call 2 0 2, 5 5 5, 0 1 2 4.")]
    [InlineData("Call 2025550124.", "Call 2 0 2, 5 5 5, 0 1 2 4.")]
    [InlineData("Call +12025550124.", "Call plus 1, 2 0 2, 5 5 5, 0 1 2 4.")]
    [InlineData("Camera CAM-0231 saw it.", "Camera C A M 0 2 3 1 saw it.")]
    [InlineData("Unit B7, room 12.", "Unit B 7, room 12.")]
    [InlineData("Code 04711.", "Code 0 4 7 1 1.")]
    [InlineData("At 1432 Main St, near 5th Ave.", "At 1432 Main Street, near 5th Avenue")]
    [InlineData("In 10 min, 87% sure.", "In 10 minutes, 87 percent sure.")]
    [InlineData("Apartment #12, 3 km away.", "Apartment number 12, 3 kilometers away.")]
    [InlineData("It was detected at 14:05 on 2026-11-20.", "It was detected at 14:05 on 2026-11-20.")]
    [InlineData("About 1,500 people, 2.5 percent.", "About 1,500 people, 2.5 percent.")]
    [InlineData("St. Mary waits at 5pm on the 21st.", "St. Mary waits at 5pm on the 21st.")]
    [InlineData("Do you accept this incident?", "Do you accept this incident?")]
    [InlineData("", "")]
    public void Numbers_and_codes_are_written_as_they_are_said(string text, string said)
    {
        Assert.Equal(said.TrimEnd('.'), Spelling.ForTheEar(text, "en").TrimEnd('.'));
        Assert.Equal(Spelling.ForTheEar(text, "en"), Spelling.ForTheEar(Spelling.ForTheEar(text, "en"), "en"));
    }

    [Fact]
    public void Other_languages_get_their_digits_and_keep_their_words() =>
        Assert.Equal("Llame al m\u00e1s 1, 2 0 2, 5 5 5, 0 1 2 4, 50 % seguro.", Spelling.ForTheEar("Llame al +1 202 555 0124, 50 % seguro.", "es"));
}
