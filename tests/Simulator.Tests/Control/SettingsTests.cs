using CityMonitor.Simulator.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Simulator.Tests.Control;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("Simulator:Ports:Control", "0")]
    [InlineData("Simulator:Ports:Twilio", "5090")]
    [InlineData("Simulator:Twilio:AccountSid", "AC1")]
    [InlineData("Simulator:Twilio:AuthToken", "")]
    [InlineData("Simulator:Twilio:CallsPerSecond", "0")]
    [InlineData("Simulator:Twilio:PlaybackBufferSeconds", "0")]
    [InlineData("Simulator:Twilio:WhatsAppWindowHours", "-1")]
    [InlineData("Simulator:VoiceUrl", "incoming")]
    [InlineData("Simulator:MessageUrl", "ftp://example.com")]
    public void A_setting_that_cannot_work_stops_the_start_and_is_named(string key, string value)
    {
        var error = Assert.Throws<InvalidOperationException>(() => SimulatorApp.Build([$"--{key}={value}"], Quiet));
        Assert.Contains(key.StartsWith("Simulator:Ports", StringComparison.Ordinal) ? "Simulator:Ports" : key, error.Message, StringComparison.Ordinal);
    }

    static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();
}
