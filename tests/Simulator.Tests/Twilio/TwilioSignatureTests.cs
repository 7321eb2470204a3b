using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class TwilioSignatureTests
{
    [Fact]
    public void The_vector_that_all_of_the_vendors_libraries_test_with_comes_out_the_same()
    {
        KeyValuePair<string, string>[] parameters =
        [
            new("To", "+18005551212"), new("CallSid", "CA1234567890ABCDE"), new("Digits", "1234"),
            new("Caller", "+14158675309"), new("From", "+14158675309"),
        ];
        Assert.Equal(
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
            TwilioSignature.Of("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", parameters));
    }
}
