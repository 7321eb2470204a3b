using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.MediaBridge.Tests.Playback;

public sealed class GreetingPreparationTests(SharedRedis redis)
{
    [Fact]
    public async Task The_greeting_is_synthesised_while_the_phone_rings_and_only_once()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Greeting = $"Prepared {Guid.NewGuid():N}"[..14] });
        await bridge.Services.GetRequiredService<MessageBus>().PublishAsync(new PrepareGreeting(session.Call), default);

        // Any bridge of this run may take the message: what counts is that the audio is there.
        var key = Keys.Greeting(PhraseBook.HashOf(session.Voice, session.Greeting));
        await Eventually.TrueAsync(async () => !(await bridge.Redis.SendAsync(["GET", key])).IsNull, "the audio in Redis");
        Assert.Equal(ToneCode.Encode(session.Greeting), (await bridge.Redis.SendAsync(["GET", key])).Bytes.ToArray());
        Assert.InRange((await bridge.Redis.SendAsync(["PTTL", key])).Number, 3_000_000, 3_600_000);

        deepgram.SpeakStatus = 500;
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync(session.Greeting);
    }

    [Fact]
    public async Task Speech_is_asked_for_as_raw_mu_law()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var text = $"Raw {Guid.NewGuid():N}"[..9];
        var audio = await bridge.Services.GetRequiredService<PhraseBook>().GetAsync("aura-2-thalia-en", text, false, TimeSpan.FromSeconds(5), default);
        Assert.Equal(ToneCode.Encode(text), audio!.Value.ToArray());
        Assert.Equal($"?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000&container=none|{text}", Assert.Single(deepgram.Spoken));
    }

    [Fact]
    public async Task A_phrase_that_comes_too_late_is_none()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        deepgram.SpeakDelay = TimeSpan.FromSeconds(3);
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        Assert.Null(await bridge.Services.GetRequiredService<PhraseBook>().GetAsync("v", $"Late {Guid.NewGuid():N}", false, TimeSpan.FromMilliseconds(200), default));
    }
}
