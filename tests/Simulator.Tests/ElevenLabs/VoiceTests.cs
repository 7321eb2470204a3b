using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.ElevenLabs;

/// <summary>ElevenLabs' voice over its socket and over HTTP. The official SDK has tests of its own in tests/Sdk.</summary>
public sealed class VoiceTests(QuickElevenLabs shared) : IClassFixture<QuickElevenLabs>
{
    const string Voice = "EXAVITQu4vr4xnSDxMaL";

    readonly RunningSimulator simulator = shared.Running;

    sealed class SpeechClient : WireClient
    {
        protected override void Arrived(JsonNode message)
        {
            if ((string?)message["audio"] is { } audio)
            {
                Hear(Convert.FromBase64String(audio));
            }
        }
    }

    async Task<WireClient> OpenAsync(string query = "", string key = "simulator", string voice = Voice, RunningSimulator? at = null) =>
        await WireClient.ConnectAsync<SpeechClient>(
            $"ws://127.0.0.1:{(at ?? simulator).Ports.ElevenLabs}/v1/text-to-speech/{voice}/stream-input?model_id=eleven_flash_v2_5&output_format=ulaw_8000{query}", ("xi-api-key", key));

    static Task<JsonNode> FinalAsync(WireClient client) => client.WaitAsync(m => (bool?)m["isFinal"] == true, "isFinal");

    [Fact]
    public async Task Streamed_text_is_spoken_whole_and_the_socket_closed_behind_it()
    {
        await using var client = await OpenAsync();
        await client.SendAsync("""{"text":" ","voice_settings":{"stability":0.7,"similarity_boost":0.45}}""");
        await client.SendAsync("""{"text":"There is a "}""");
        await client.SendAsync("""{"text":"fire. "}""");
        await client.SendAsync("""{"text":""}""");
        await FinalAsync(client);
        await client.EndedAsync();
        Assert.Equal(("There is a fire.", WebSocketCloseStatus.NormalClosure), (client.Heard, client.CloseStatus));
    }

    [Fact]
    public async Task Nothing_is_spoken_before_there_is_enough_text_a_flush_or_auto_mode()
    {
        await using var client = await OpenAsync();
        await client.SendAsync("""{"text":" "}""");
        await client.SendAsync("""{"text":"Too little. "}""");
        await client.SendAsync("""{"text":"Enough. ","flush":true}""");
        await client.WaitForAudioAsync(ToneCode.Encode("Too little. Enough.").Length);
        Assert.Equal("Too little. Enough.", client.Heard);
        await using var auto = await OpenAsync("&auto_mode=true");
        await auto.SendAsync("""{"text":" "}""");
        await auto.SendAsync("""{"text":"At once. "}""");
        await auto.WaitForAudioAsync(ToneCode.Encode("At once.").Length);
    }

    [Fact]
    public async Task Characters_have_times_that_are_right_to_the_sample()
    {
        await using var client = await OpenAsync("&auto_mode=true");
        await client.SendAsync("""{"text":" "}""");
        await client.SendAsync("""{"text":"Hi you "}""");
        var first = await client.WaitAsync(m => m["alignment"] is not null, "alignment");
        var alignment = first["alignment"]!;
        Assert.Equal("H", (string?)alignment["chars"]![0]);
        Assert.Equal((20, 60), ((int)alignment["charStartTimesMs"]![0]!, (int)alignment["charDurationsMs"]![0]!));
        Assert.Equal(80, (int)alignment["charStartTimesMs"]![1]!);
    }

    [Theory]
    [InlineData("{\"text\":\" \",\"generation_config\":{\"chunk_length_schedule\":[10]}}", "", "invalid_chunk_length_schedule")]
    [InlineData("{\"text\":\" \",\"voice_settings\":{\"speed\":9}}", "", "invalid_voice_settings")]
    [InlineData("{\"word\":\" \"}", "", "invalid_message")]
    [InlineData("hello", "", "invalid_message")]
    public async Task What_it_cannot_use_ends_it_with_an_error(string message, string query, string code)
    {
        await using var client = await OpenAsync(query);
        await client.SendAsync(message);
        Assert.Equal(code, (string?)(await client.WaitAsync(m => m["error"] is not null, "error"))["error"]);
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
    }

    [Fact]
    public async Task A_wrong_key_voice_or_quota_is_told_by_an_error()
    {
        await using var stranger = await OpenAsync(key: "wrong");
        Assert.Equal("invalid_api_key", (string?)(await stranger.WaitAsync(m => m["error"] is not null, "error"))["error"]);
        await using var nobody = await OpenAsync(voice: "nobody");
        Assert.Equal("voice_id_does_not_exist", (string?)(await nobody.WaitAsync(m => m["error"] is not null, "error"))["error"]);
        await using var poor = await RunningSimulator.StartAsync(("Simulator:ElevenLabs:CharacterLimit", "20"));
        await using var client = await OpenAsync("&auto_mode=true", at: poor);
        await client.SendAsync("""{"text":" "}""");
        await client.SendAsync("""{"text":"This is longer than the quota allows. "}""");
        Assert.Equal("quota_exceeded", (string?)(await client.WaitAsync(m => m["error"] is not null, "error"))["error"]);
    }

    [Fact]
    public async Task Without_text_for_a_while_it_is_closed()
    {
        await using var client = await OpenAsync("&inactivity_timeout=0.3");
        await client.SendAsync("""{"text":" "}""");
        Assert.Equal("input_timeout_exceeded", (string?)(await client.WaitAsync(m => m["error"] is not null, "error"))["error"]);
        await client.EndedAsync();
        Assert.StartsWith("Have not received a new text input", client.CloseDescription, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_http_a_stream_can_break_off_and_the_start_be_refused()
    {
        await using var slow = await RunningSimulator.StartAsync();
        var board = slow.Get<FaultBoard>();
        using var http = RunningSimulator.Client(slow.Ports.ElevenLabs);
        http.DefaultRequestHeaders.Add("xi-api-key", "simulator");
        board.Set(FaultTarget.ElevenLabsSpeak, new Fault { Status = 429, Next = 1 });
        using var refused = await SpeakAsync();
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.Contains("too_many_concurrent_requests", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var answer = await SpeakAsync();
        answer.EnsureSuccessStatusCode();
        using var audio = await answer.Content.ReadAsStreamAsync();
        await audio.ReadExactlyAsync(new byte[2000]);
        board.Set(FaultTarget.ElevenLabsSpeak, new Fault { FailStreams = true });
        await Assert.ThrowsAnyAsync<IOException>(() => audio.CopyToAsync(Stream.Null));

        async Task<HttpResponseMessage> SpeakAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/text-to-speech/{Voice}/stream?output_format=ulaw_8000")
            {
                Content = new StringContent($$"""{"text":"{{string.Concat(Enumerable.Repeat("A long story. ", 20))}}","model_id":"eleven_flash_v2_5"}""", Encoding.UTF8, "application/json"),
            };
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }
}

/// <summary>One simulator for all tests of a class, whose ElevenLabs speaks and hears at once.</summary>
public sealed class QuickElevenLabs : IAsyncLifetime
{
    internal RunningSimulator Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Running = await RunningSimulator.StartAsync(
        ("Simulator:ElevenLabs:AudioSpeed", "1000"), ("Simulator:ElevenLabs:SpeakLatency", "00:00:00"), ("Simulator:ElevenLabs:ListenLatency", "00:00:00"));

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}
