using CityMonitor.MediaBridge.Cascade;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.MediaBridge.Tests.Cascade;

public sealed class QuotaTests(SharedRedis redis)
{
    [Fact]
    public async Task A_vendor_whose_quota_is_used_up_is_asked_last_and_is_still_there_where_no_other_is()
    {
        // Nobody listens at these addresses; nothing is opened. Other bridges here have no limits; what they use is counted here too, and is little.
        await using var bridge = await TestBridge.StartAsync(
            redis, new Uri("http://127.0.0.1:9"), ("Quotas:DeepgramHoursPerMonth", "1"), ("Quotas:ElevenLabsCharactersPerMonth", "1000000"), ("Cascade:Ears", "deepgram,flux,elevenlabs"));
        var session = await bridge.CallAsync(session => session with { Engine = "cascade", Speech = new SpeechChoice([], [new VoiceChoice("elevenlabs", "v"), new VoiceChoice("deepgram", "aura")]) });
        var factory = bridge.Services.GetRequiredService<CascadeFactory>();
        Assert.Equal(["deepgram", "flux", "elevenlabs"], factory.Ears(session).Select(ear => ear.Name));
        Assert.Equal("elevenlabs", factory.Choices(session).First().Vendor);

        VendorUse.Add(Quotas.DeepgramSeconds, 3600);
        VendorUse.Add(Quotas.ElevenLabsCharacters, 1_000_000);
        Assert.Equal(["elevenlabs", "deepgram", "flux"], factory.Ears(session).Select(ear => ear.Name));
        Assert.Equal("deepgram", factory.Choices(session).First().Vendor);
        Assert.Contains(factory.Choices(session), choice => choice.Vendor == "elevenlabs");
        Assert.Equal(["deepgram"], factory.Ears(session with { Speech = new SpeechChoice(["deepgram"], []) }).Select(ear => ear.Name));
    }
}
