using System.Text;
using CityMonitor.MediaBridge.Cascade;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.MediaBridge.Turns;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Tests.Speech;

/// <summary>Each way to hear, on the wire, one message at a time.</summary>
public sealed class EarTests
{
    static readonly ListenSettings English = new("en", ["Sector Seven", "M\u00fcller & Co"]);
    static readonly byte[] Frame = new byte[640];

    [Fact]
    public async Task Deepgram_is_asked_for_what_we_need_and_its_results_are_understood()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        var heard = new HeardEvents();
        await using var ear = await new DeepgramEar(Deepgram(vendor), Options.Create(new CascadeOptions()), TimeProvider.System, NullLogger<DeepgramEar>.Instance).OpenAsync(English, heard, default);
        var connection = await vendor.NextAsync();
        Assert.StartsWith("/v1/listen?", connection.Request, StringComparison.Ordinal);
        foreach (var part in (string[])["encoding=mulaw", "sample_rate=8000", "interim_results=true", "model=nova-3", "language=en", "keyterm=Sector%20Seven", "keyterm=M%C3%BCller%20%26%20Co"])
        {
            Assert.Contains(part, connection.Request, StringComparison.Ordinal);
        }

        ear.Hear(Frame);
        ear.Hear([]); // an empty message would end the stream
        ear.SpeechEnded();
        await connection.SentAsync(message => (string?)message["type"] == "Finalize");
        Assert.Equal(640 + 160, connection.AudioBytes);

        await connection.SendAsync("""{"type":"Results","is_final":false,"speech_final":false,"channel":{"alternatives":[{"transcript":"yes I"}]}}""");
        await connection.SendAsync("""{"type":"Results","is_final":true,"speech_final":false,"channel":{"alternatives":[{"transcript":"Yes, I can."}]}}""");
        await connection.SendAsync("""{"type":"Results","is_final":true,"speech_final":true,"from_finalize":true,"channel":{"alternatives":[{"transcript":""}]}}""");
        await connection.SendAsync("""{"type":"Results","is_final":false,"channel":{"alternatives":[]}}""");
        await connection.SendAsync("""{"type":"UtteranceEnd","last_word_end":1.5}""");
        await connection.SendAsync("""{"type":"Whatever"}""");
        await connection.SendAsync("no json");
        await connection.SendAsync("""{"type":"SpeechStarted"}""");
        await heard.CountAsync(4);
        Assert.Equal(
            [new("yes I", false, SpeechEnd.None), new("Yes, I can.", true, SpeechEnd.None), new("", true, SpeechEnd.Silence), new("", true, SpeechEnd.Silence)], heard.Transcripts);

        connection.Drop();
        await Eventually.TrueAsync(() => heard.Lost.Count == 1, "the loss is told");
    }

    [Fact]
    public async Task Flux_tells_of_turns_and_is_sent_nothing_but_audio()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        var heard = new HeardEvents();
        await using var ear = await new FluxEar(Deepgram(vendor), Options.Create(new CascadeOptions()), TimeProvider.System, NullLogger<FluxEar>.Instance).OpenAsync(English, heard, default);
        var connection = await vendor.NextAsync();
        Assert.StartsWith("/v2/listen?encoding=mulaw&sample_rate=8000&", connection.Request, StringComparison.Ordinal);
        Assert.DoesNotContain("language", connection.Request, StringComparison.Ordinal);
        Assert.DoesNotContain("interim_results", connection.Request, StringComparison.Ordinal);
        ear.Hear(Frame);
        ear.SpeechStarted();
        ear.SpeechEnded();
        ear.Tick();
        await connection.SendAsync("""{"type":"Connected","request_id":"r","sequence_id":0}""");
        await connection.SendAsync("""{"type":"TurnInfo","event":"Update","turn_index":0,"transcript":""}""");
        await connection.SendAsync("""{"type":"TurnInfo","event":"StartOfTurn","turn_index":0,"transcript":"yes"}""");
        await connection.SendAsync("""{"type":"TurnInfo","event":"EagerEndOfTurn","turn_index":0,"transcript":"yes I can"}""");
        await connection.SendAsync("""{"type":"TurnInfo","event":"TurnResumed","turn_index":0,"transcript":"yes I can"}""");
        await connection.SendAsync("""{"type":"TurnInfo","event":"EndOfTurn","turn_index":0,"transcript":"yes I can do it"}""");
        await heard.CountAsync(4);
        Assert.Equal(
            [new("yes", false, SpeechEnd.None), new("yes I can", false, SpeechEnd.Likely), new("yes I can", false, SpeechEnd.None), new("yes I can do it", true, SpeechEnd.Certain)],
            heard.Transcripts);
        Assert.Empty(connection.Texts);

        await connection.SendAsync("""{"type":"Error","code":"INTERNAL_SERVER_ERROR","description":"x"}""");
        await Eventually.TrueAsync(() => heard.Lost is ["INTERNAL_SERVER_ERROR"], "the error ends it");
    }

    [Fact]
    public async Task Scribe_gets_base64_and_a_commit_when_the_caller_stops()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        var heard = new HeardEvents();
        await using var ear = await new ScribeEar(ElevenLabs(vendor), Options.Create(new ElevenLabsOptions()), TimeProvider.System, NullLogger<ScribeEar>.Instance).OpenAsync(English, heard, default);
        var connection = await vendor.NextAsync();
        Assert.Equal("key", connection.Key);
        Assert.StartsWith("/v1/speech-to-text/realtime?audio_format=ulaw_8000&commit_strategy=manual&model_id=scribe_v2_realtime&language_code=en&keyterms=", connection.Request, StringComparison.Ordinal);
        ear.Hear(Frame);
        ear.SpeechEnded();
        await connection.SentAsync(message => (bool?)message["commit"] == true);
        Assert.Equal(640, connection.AudioBytes);
        await connection.SendAsync("""{"message_type":"session_started","session_id":"s","config":{}}""");
        await connection.SendAsync("""{"message_type":"partial_transcript","text":"yes I"}""");
        await connection.SendAsync("""{"message_type":"commit_throttled","error":"only 0.01s of uncommitted audio"}""");
        await connection.SendAsync("""{"message_type":"committed_transcript","text":"Yes, I can."}""");
        await heard.CountAsync(2);
        Assert.Equal([new("yes I", false, SpeechEnd.None), new("Yes, I can.", true, SpeechEnd.Silence)], heard.Transcripts);

        await connection.SendAsync("""{"message_type":"quota_exceeded","error":"no more"}""");
        await Eventually.TrueAsync(() => heard.Lost is ["quota_exceeded"], "the error ends it");
    }

    [Fact]
    public async Task Batch_scribe_gets_the_utterance_as_a_mulaw_file_with_what_was_before_it()
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        vendor.Transcript = " Yes, I can. ";
        var heard = new HeardEvents();
        using var http = new HttpClient { BaseAddress = vendor.Url };
        await using var ear = await new ScribeBatchEar(new ScribeClient(http, Options.Create(new ElevenLabsOptions())), NullLogger<ScribeBatchEar>.Instance).OpenAsync(English, heard, default);
        for (var i = 0; i < 100; i++)
        {
            ear.Hear(Frame); // eight seconds of nothing
        }

        ear.SpeechStarted();
        ear.Hear(Frame);
        ear.SpeechEnded();
        await heard.CountAsync(1);
        Assert.Equal([new("Yes, I can.", true, SpeechEnd.Silence)], heard.Transcripts);
        var (request, body) = Assert.Single(vendor.Requests);
        Assert.Equal("POST /v1/speech-to-text", request);
        var text = Encoding.Latin1.GetString(body);
        Assert.Contains("scribe_v1", text, StringComparison.Ordinal);
        var wav = text.IndexOf("RIFF", StringComparison.Ordinal);
        Assert.Equal(7, body[wav + 20]); // mu-law
        Assert.InRange(BitConverter.ToInt32(body, wav + 42), 4000 + 640, 8000 + 640);

        vendor.RefuseWith = 503;
        ear.SpeechStarted();
        ear.Hear(Frame);
        ear.SpeechEnded();
        await Eventually.TrueAsync(() => heard.Lost.Count == 1, "the failure is told");
    }

    [Theory]
    [InlineData(401, true)]
    [InlineData(429, false)]
    [InlineData(503, false)]
    public async Task A_refused_connection_says_whether_to_try_again(int status, bool final)
    {
        await using var vendor = await FakeSpeechVendor.StartAsync();
        vendor.RefuseWith = status;
        var refused = await Assert.ThrowsAsync<EngineRefusedException>(() =>
            new DeepgramEar(Deepgram(vendor), Options.Create(new CascadeOptions()), TimeProvider.System, NullLogger<DeepgramEar>.Instance).OpenAsync(English, new HeardEvents(), default));
        Assert.Equal(final, refused.Final);
    }

    internal static DeepgramEndpoint Deepgram(FakeSpeechVendor vendor) => new(vendor.Url, vendor.Socket, "key", true);

    internal static ElevenLabsEndpoint ElevenLabs(FakeSpeechVendor vendor) => new(vendor.Url, vendor.Socket, "key");

    sealed class HeardEvents : ISpeechToTextEvents
    {
        readonly Lock gate = new();
        readonly List<Transcript> transcripts = [];

        public IReadOnlyList<Transcript> Transcripts
        {
            get
            {
                lock (gate)
                {
                    return [.. transcripts];
                }
            }
        }

        public List<string> Lost { get; } = [];

        public Task CountAsync(int count) => Eventually.TrueAsync(() => Transcripts.Count >= count, $"{count} transcripts");

        public void Heard(ISpeechToText from, Transcript transcript)
        {
            lock (gate)
            {
                transcripts.Add(transcript);
            }
        }

        public void Alive(ISpeechToText from)
        {
            // Counted by nobody here.
        }

        void ISpeechToTextEvents.Lost(ISpeechToText from, string reason) => Lost.Add(reason);
    }
}
