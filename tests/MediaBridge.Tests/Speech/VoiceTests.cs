using System.Buffers;
using System.Text.Json.Nodes;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Speech;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.MediaBridge.Tests.Speech;

/// <summary>Each way to speak, on the wire. Deepgram's own are heard in the calls of CascadeTests.</summary>
public sealed class VoiceTests
{
    static readonly VoiceChoice Voice = new("elevenlabs", "voice-1", Stability: 0.5, Similarity: 0.7, Speed: 1.1);

    [Fact]
    public async Task ElevenLabs_speaks_each_text_on_a_socket_of_its_own_with_the_voices_settings()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        await using var voice = new ElevenLabsVoice(EarTests.ElevenLabs(vendor), new ElevenLabsOptions(), Voice, "es", TimeProvider.System, NullLogger.Instance);
        Assert.Equal(ToneCode.Encode("First."), await SpeakAsync(voice, "First."));
        var first = await vendor.NextAsync();
        Assert.Equal("/v1/text-to-speech/voice-1/stream-input?model_id=eleven_flash_v2_5&language_code=es&output_format=ulaw_8000&auto_mode=true", first.Request);
        Assert.Equal("""{"text":" ","voice_settings":{"stability":0.5,"similarity_boost":0.7,"speed":1.1}}""", first.Texts[0].ToJsonString());
        Assert.Equal(["First. ", ""], first.Texts.Skip(1).Select(text => (string?)text["text"]));

        voice.Warm();
        var warm = await vendor.NextAsync();
        await warm.SentAsync(text => (string?)text["text"] == " ");
        Assert.Equal(ToneCode.Encode("Second."), await SpeakAsync(voice, "Second."));
        Assert.Contains(warm.Texts, text => (string?)text["text"] == "Second. "); // the one that was opened ahead
    }

    [Fact]
    public async Task An_error_of_elevenlabs_is_no_audio()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        vendor.SpeaksByItself = false;
        await using var voice = new ElevenLabsVoice(EarTests.ElevenLabs(vendor), new ElevenLabsOptions(), Voice, "en", TimeProvider.System, NullLogger.Instance);
        foreach (var wrong in (string[])["""{"message":"No credit.","error":"quota_exceeded","code":1008}""", """{"audio":"!!!"}""", "no json"])
        {
            var speaking = SpeakAsync(voice, "Hello.");
            var connection = await vendor.NextAsync();
            await connection.SentAsync(text => (string?)text["text"] == "");
            await connection.SendAsync(wrong);
            await Assert.ThrowsAsync<SpeechFailedException>(() => speaking);
        }

        var dropped = SpeakAsync(voice, "Hello.");
        (await vendor.NextAsync()).Drop();
        await Assert.ThrowsAsync<SpeechFailedException>(() => dropped);
    }

    [Fact]
    public async Task A_cancelled_text_hands_nothing_over_and_the_next_one_is_spoken()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        vendor.SpeaksByItself = false;
        await using var voice = new ElevenLabsVoice(EarTests.ElevenLabs(vendor), new ElevenLabsOptions(), Voice, "en", TimeProvider.System, NullLogger.Instance);
        using var cancel = new CancellationTokenSource();
        var speaking = voice.SpeakAsync("Never.", _ => Assert.Fail("handed over"), cancel.Token);
        await (await vendor.NextAsync()).SentAsync(text => (string?)text["text"] == "");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => speaking);
        vendor.SpeaksByItself = true;
        Assert.Equal(ToneCode.Encode("Now."), await SpeakAsync(voice, "Now."));
    }

    [Fact]
    public async Task By_http_the_audio_is_handed_over_and_an_error_is_not()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        using var client = new HttpClient();
        await using var voice = new ElevenLabsRestVoice(new SpeechHttp(client), EarTests.ElevenLabs(vendor), new ElevenLabsOptions(), Voice, "en");
        Assert.Equal(ToneCode.Encode("Hello."), await SpeakAsync(voice, "Hello."));
        var (request, body) = Assert.Single(vendor.Requests);
        Assert.Equal("POST /v1/text-to-speech/voice-1/stream?output_format=ulaw_8000", request);
        Assert.Equal("eleven_flash_v2_5", (string?)JsonNode.Parse(body)!["model_id"]);
        vendor.RefuseWith = 401;
        await Assert.ThrowsAsync<SpeechFailedException>(() => SpeakAsync(voice, "Hello."));

        await using var deepgram = new DeepgramRestVoice(new SpeechHttp(client), EarTests.Deepgram(vendor), new VoiceChoice("deepgram", "aura-2-thalia-en", Speed: 0.9));
        await Assert.ThrowsAsync<SpeechFailedException>(() => SpeakAsync(deepgram, "Hello."));
        vendor.RefuseWith = 0;
        Assert.Equal(ToneCode.Encode("Hello."), await SpeakAsync(deepgram, "Hello."));
        Assert.EndsWith("&container=none&speed=0.9", vendor.Requests[^1].Request, StringComparison.Ordinal);
    }

    static async Task<byte[]> SpeakAsync(ITextToSpeech voice, string text)
    {
        var audio = new ArrayBufferWriter<byte>();
        await voice.SpeakAsync(text, bytes => audio.Write(bytes), new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);
        return audio.WrittenSpan.ToArray();
    }
}
