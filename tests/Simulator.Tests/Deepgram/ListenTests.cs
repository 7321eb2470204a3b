using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class ListenTests(QuickSimulator shared) : IClassFixture<QuickSimulator>
{
    const string Telephony = "model=nova-3&encoding=mulaw&sample_rate=8000";

    readonly RunningSimulator simulator = shared.Running;

    Task<WireClient> ListenAsync(string query = "&smart_format=true&endpointing=300", string authorization = "Token simulator") =>
        WireClient.ConnectAsync<WireClient>($"ws://127.0.0.1:{simulator.Ports.Deepgram}/v1/listen?{Telephony}{query}", ("Authorization", authorization));

    static string Transcript(JsonNode result) => (string)result["channel"]!["alternatives"]![0]!["transcript"]!;

    static Task<JsonNode> FinalAsync(WireClient client) =>
        client.WaitAsync(m => (string?)m["type"] == "Results" && (bool)m["speech_final"]!, "speech_final");

    [Fact]
    public async Task What_is_said_comes_back_as_words_with_their_times()
    {
        await using var client = await ListenAsync();
        await client.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromSeconds(1)));
        await client.SayAsync("Yes, I accept.");
        var result = await FinalAsync(client);
        Assert.Equal("Yes, I accept.", Transcript(result));
        Assert.True((bool)result["is_final"]!);
        Assert.Equal("[0,1]", result["channel_index"]!.ToJsonString());
        Assert.Equal(client.Header("dg-request-id"), (string?)result["metadata"]!["request_id"]);
        var words = result["channel"]!["alternatives"]![0]!["words"]!.AsArray();
        Assert.Equal(["yes", "i", "accept"], words.Select(w => (string)w!["word"]!));
        Assert.Equal(["Yes,", "I", "accept."], words.Select(w => (string)w!["punctuated_word"]!));
        // One second of silence and the lead of the tone code, then four symbols of 60 ms each.
        Assert.Equal(1.02, (double)words[0]!["start"]!, 0.03);
        Assert.Equal(1.26, (double)words[0]!["end"]!, 0.03);
        Assert.True((double)words[1]!["start"]! > (double)words[0]!["end"]!);
    }

    [Fact]
    public async Task Without_formatting_words_are_plain()
    {
        await using var client = await ListenAsync("");
        await client.SayAsync("Yes, I accept.");
        var result = await FinalAsync(client);
        Assert.Equal("yes i accept", Transcript(result));
        Assert.Null(result["channel"]!["alternatives"]![0]!["words"]![0]!["punctuated_word"]);
    }

    [Fact]
    public async Task Interim_results_grow_while_speech_goes_on_and_events_frame_it()
    {
        await using var client = await ListenAsync("&smart_format=true&interim_results=true&vad_events=true&endpointing=300&utterance_end_ms=1000");
        await client.SayAsync("There is a fire in the old market hall, send everybody", 1500);
        await client.WaitAsync("UtteranceEnd");
        var log = client.Log.ToList();
        var interim = log.Where(m => (string?)m["type"] == "Results" && !(bool)m["is_final"]!).Select(Transcript).Where(t => t.Length > 0).ToList();
        Assert.True(interim.Count >= 2, $"{interim.Count} interim results");
        Assert.StartsWith("There is", interim[0], StringComparison.Ordinal);
        Assert.True(interim[^1].Length > interim[0].Length);
        Assert.Equal("SpeechStarted", (string?)log.First(m => (string?)m["type"] != "Results")["type"]);
        Assert.Equal(0.02, (double)log.First(m => (string?)m["type"] == "SpeechStarted")["timestamp"]!, 0.05);
        var words = log.Last(m => (string?)m["type"] == "Results" && (bool)m["speech_final"]!)["channel"]!["alternatives"]![0]!["words"]!.AsArray();
        Assert.Equal((double)words[^1]!["end"]!, (double)log.Single(m => (string?)m["type"] == "UtteranceEnd")["last_word_end"]!, 0.01);
    }

    [Fact]
    public async Task Long_speech_comes_in_several_finals_and_no_word_is_lost_or_cut()
    {
        const string Long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty";
        await using var client = await ListenAsync();
        await client.SayAsync(Long);
        await FinalAsync(client);
        var finals = client.Log.Where(m => (bool)m["is_final"]!).ToList();
        Assert.True(finals.Count > 1);
        Assert.Equal(Long, string.Join(' ', finals.Select(Transcript).Where(t => t.Length > 0)));
        // Segments follow each other without a gap.
        Assert.All(finals.Zip(finals.Skip(1)), pair =>
            Assert.Equal((double)pair.First["start"]! + (double)pair.First["duration"]!, (double)pair.Second["start"]!, 0.002));
    }

    [Fact]
    public async Task Noise_and_silence_give_empty_transcripts()
    {
        await using var client = await ListenAsync("&interim_results=true");
        var noise = new byte[24_000];
        new Random(3).NextBytes(noise);
        await client.SendAudioAsync(noise);
        await client.SendAudioAsync(MuLaw.SilenceOf(TimeSpan.FromSeconds(3)));
        await client.WaitAsync(m => (bool)m["is_final"]!, "a final result");
        Assert.All(client.Log, m => Assert.Equal("", Transcript(m)));
        await client.SayAsync("And now a word");
        Assert.Equal("and now a word", Transcript(await client.WaitAsync(m => (bool)m["speech_final"]!, "speech_final")));
    }

    [Fact]
    public async Task Finalize_gives_what_there_is_and_CloseStream_the_metadata()
    {
        await using var client = await ListenAsync();
        await client.SendAudioAsync(ToneCode.Encode("My name is Dana"));
        await client.SendAsync("""{"type":"KeepAlive"}""");
        await client.SendAsync("""{"type":"Finalize"}""");
        var final = await client.WaitAsync(m => (bool)m["from_finalize"]!, "from_finalize");
        Assert.Equal("My name is Dana", Transcript(final));
        await client.SendAudioAsync(ToneCode.Encode("Reyes"));
        await client.SendAsync("""{"type":"CloseStream"}""");
        var metadata = await client.WaitAsync("Metadata");
        Assert.Equal("Reyes", Transcript(client.Log[^2]));
        Assert.Equal(ToneCode.DurationOf("My name is Dana").TotalSeconds + ToneCode.DurationOf("Reyes").TotalSeconds, (double)metadata["duration"]!, 0.01);
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Fact]
    public async Task Linear_audio_is_heard_too()
    {
        await using var client = await WireClient.ConnectAsync<WireClient>(
            $"ws://127.0.0.1:{simulator.Ports.Deepgram}/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000", ("Authorization", "Token simulator"));
        byte[] mulaw = [.. ToneCode.Encode("hello"), .. MuLaw.SilenceOf(TimeSpan.FromMilliseconds(500))];
        var pcm = mulaw.SelectMany(b => Enumerable.Repeat(MuLaw.Decode(b), 2)).SelectMany(BitConverter.GetBytes).ToArray();
        // In pieces of an odd length: a sample may be cut in two.
        foreach (var piece in pcm.Chunk(999))
        {
            await client.SendAudioAsync(piece);
        }

        Assert.Equal("hello", Transcript(await FinalAsync(client)));
    }

    [Theory]
    [InlineData("&endpointing=soon", "endpointing")]
    [InlineData("&utterance_end_ms=1000", "interim_results")]
    [InlineData("&interim_results=true&utterance_end_ms=500", "1000")]
    [InlineData("&keywords=fire:2", "keyterm")]
    [InlineData("&smart_formatting=true", "smart_formatting")]
    [InlineData("&interim_results=yes", "true or false")]
    [InlineData("&channels=2", "one channel")]
    public async Task A_query_that_the_vendor_would_not_take_is_refused(string query, string reason)
    {
        using var http = RunningSimulator.Client(simulator.Ports.Deepgram);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/listen?{Telephony}{query}");
        request.Headers.Authorization = new("Token", "simulator");
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "websocket");
        request.Headers.Add("Sec-WebSocket-Version", "13");
        request.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        using var answer = await http.SendAsync(request);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains(reason, answer.Headers.GetValues("dg-error").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_at_the_handshake() =>
        Assert.Contains("401", (await Assert.ThrowsAsync<WebSocketException>(() => ListenAsync(authorization: "Token wrong"))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_sends_no_audio_is_closed(bool keepsAlive)
    {
        await using var impatient = await RunningSimulator.StartAsync(("Simulator:Deepgram:ClientMessageTimeout", "00:00:00.400"));
        await using var client = await WireClient.ConnectAsync<WireClient>(
            $"ws://127.0.0.1:{impatient.Ports.Deepgram}/v1/listen?{Telephony}", ("Authorization", "Token simulator"));
        if (keepsAlive)
        {
            // It helps only once there has been audio.
            await client.SendAsync("""{"type":"KeepAlive"}""");
        }

        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.InternalServerError, client.CloseStatus);
        Assert.Contains("net0001", client.CloseDescription, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_is_none_ends_it()
    {
        await using var client = await ListenAsync();
        await client.SendAsync("hello");
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
    }

    [Fact]
    public async Task In_mid_stream_it_can_fall_silent_be_late_break_off_or_be_cut()
    {
        await using var bad = await RunningSimulator.StartAsync(("Simulator:Deepgram:ListenLatency", "00:00:00"));
        var board = bad.Get<FaultBoard>();
        var url = $"ws://127.0.0.1:{bad.Ports.Deepgram}/v1/listen?{Telephony}&endpointing=300";
        await using var client = await WireClient.ConnectAsync<WireClient>(url, ("Authorization", "Token simulator"));
        board.Set(FaultTarget.DeepgramListen, new Fault { Mute = true });
        await client.SayAsync("nobody hears this");
        await bad.Timeline.WaitAsync(h => h.Kind == "listen.heard", TimeSpan.FromSeconds(10));
        Assert.Empty(client.Log);
        board.Set(FaultTarget.DeepgramListen, new Fault { LateMs = 300 });
        var before = TimeProvider.System.GetTimestamp();
        await client.SayAsync("this comes late");
        await client.WaitAsync(m => (bool)m["speech_final"]! && Transcript(m) == "this comes late", "the late result");
        Assert.True(TimeProvider.System.GetElapsedTime(before) >= TimeSpan.FromMilliseconds(290));
        board.Set(FaultTarget.DeepgramListen, new Fault { FailStreams = true });
        await client.SayAsync("this breaks it");
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.InternalServerError, client.CloseStatus);
        Assert.StartsWith("NET-0000", client.CloseDescription, StringComparison.Ordinal);

        board.ClearAll();
        await using var other = await WireClient.ConnectAsync<WireClient>(url, ("Authorization", "Token simulator"));
        board.Set(FaultTarget.DeepgramListen, new Fault { DropSocketsAfterMs = 0 });
        await other.EndedAsync();
        Assert.Null(other.CloseStatus);
    }
}
