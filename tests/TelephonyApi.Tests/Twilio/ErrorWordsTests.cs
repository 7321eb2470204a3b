using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Tests.Twilio;

public sealed class ErrorWordsTests
{
    [Theory]
    [InlineData("The number +12025550123 is not reachable", "The number ***23 is not reachable")]
    [InlineData("To:12025550123.", "To:***23.")]
    [InlineData("Calls to whatsapp:+12025550123 and +12025550145 failed", "Calls to whatsapp:***23 and ***45 failed")]
    [InlineData("AC00000000000000000000000000000001 has 1234567 calls", "AC00000000000000000000000000000001 has 1234567 calls")]
    public void A_phone_number_in_Twilios_words_is_masked_since_they_are_logged(string said, string kept)
    {
        Assert.Equal($"Twilio refused it: {kept} (error 19999, HTTP 400)", ErrorWords.Of(19999, 400, said));
        Assert.Equal($"{kept} (error 19999)", ErrorWords.Of(19999, said));
    }
}
