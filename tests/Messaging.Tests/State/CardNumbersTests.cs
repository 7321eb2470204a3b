using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Tests.State;

public sealed class CardNumbersTests
{
    [Theory]
    [InlineData("My card is 4111 1111 1111 1111, thanks.", "My card is [card number], thanks.")]
    [InlineData("4111-1111-1111-1111", "[card number]")]
    [InlineData("4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1", "[card number]")]
    [InlineData("378282246310005 and 5555555555554444", "[card number] and [card number]")]
    public void A_card_number_is_not_kept_however_it_is_grouped(string text, string kept) => Assert.Equal(kept, CardNumbers.Redact(text));

    [Fact]
    public void A_number_that_could_be_a_phones_is_left_to_whoever_has_to_read_one()
    {
        const string Long = "4917612345679"; // 13 digits that pass the check
        Assert.Equal(CardNumbers.Replacement, CardNumbers.Redact(Long));
        Assert.Equal(Long, CardNumbers.Redact(Long, CardNumbers.FewestOfToday));
        Assert.Equal(CardNumbers.Replacement, CardNumbers.Redact("378282246310005", CardNumbers.FewestOfToday));
    }

    [Theory]
    [InlineData("Call me at +1 202 555 0123, in 10 minutes.")]
    [InlineData("4111 1111 1111 1112")]
    [InlineData("Ticket 4711 of 2026-03-01 09:16")]
    [InlineData("0000000000000000")]
    [InlineData("")]
    public void Other_numbers_stay(string text) => Assert.Equal(text, CardNumbers.Redact(text));
}
