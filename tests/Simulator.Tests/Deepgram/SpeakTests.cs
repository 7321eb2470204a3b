using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class SpeakTests : IClassFixture<QuickSimulator>, IDisposable
{
    const string Telephony = "model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000&container=none";

    readonly RunningSimulator simulator;
    readonly HttpClient http;

    public SpeakTests(QuickSimulator shared)
    {
        simulator = shared.Running;
        http = RunningSimulator.Client(simulator.Ports.Deepgram);
        http.DefaultRequestHeaders.Authorization = new("Token", "simulator");
    }

    public void Dispose() => http.Dispose();

    Task<HttpResponseMessage> SpeakAsync(string body, string query = Telephony, string type = "application/json") =>
        http.PostAsync($"/v1/speak?{query}", new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type)));

    [Theory]
    [InlineData("""{"text":"Hello, this is City Monitor."}""", "application/json")]
    [InlineData("Hello, this is City Monitor.", "text/plain")]
    public async Task Text_becomes_audio_that_can_be_heard_back(string body, string type)
    {
        using var answer = await SpeakAsync(body, type: type);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("audio/mulaw;rate=8000", answer.Content.Headers.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        Assert.True(answer.Headers.TransferEncodingChunked);
        Assert.Equal("aura-2-thalia-en", answer.Headers.GetValues("dg-model-name").Single());
        Assert.Equal("28", answer.Headers.GetValues("dg-char-count").Single());
        Assert.Single(answer.Headers.GetValues("dg-request-id"));
        var decoder = new ToneDecoder();
        decoder.Feed(await answer.Content.ReadAsByteArrayAsync());
        decoder.Feed(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(100)));
        Assert.Equal("Hello, this is City Monitor.", decoder.Take());
    }

    [Theory]
    [InlineData("encoding=mp3", "{}", 400)]
    [InlineData("encoding=mulaw&sample_rate=16000&container=none", "{}", 400)]
    [InlineData("encoding=mulaw&sample_rate=8000", "{}", 400)]
    [InlineData(Telephony + "&voice=x", "{}", 400)]
    [InlineData(Telephony + "&speed=3", "{}", 400)]
    [InlineData(Telephony, "{}", 400)]
    [InlineData(Telephony, "{\"text\":", 400)]
    [InlineData(Telephony, "{\"text\":\" \"}", 400)]
    public async Task A_bad_request_is_refused_in_deepgrams_shape(string query, string body, int status)
    {
        using var answer = await SpeakAsync(body, query);
        Assert.Equal(status, (int)answer.StatusCode);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.NotNull(error["err_code"]);
        Assert.Equal(answer.Headers.GetValues("dg-request-id").Single(), (string?)error["request_id"]);
        Assert.Equal((string?)error["err_msg"], answer.Headers.GetValues("dg-error").Single());
    }

    [Fact]
    public async Task Too_much_text_is_413_another_type_415_and_a_wrong_key_401()
    {
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SpeakAsync($$"""{"text":"{{new string('a', 2001)}}"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await SpeakAsync("<a/>", type: "text/xml")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Token", "wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, (await SpeakAsync("""{"text":"x"}""")).StatusCode);
    }

    [Fact]
    public async Task Speak_can_fail_while_the_agent_does_not()
    {
        simulator.Get<FaultBoard>().Set(FaultTarget.DeepgramSpeak, new Fault { Status = 503, Next = 1 });
        await using var agent = await AgentClient.OpenAsync(simulator.Ports.Deepgram, AgentSettingsOf.Plain());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SpeakAsync("""{"text":"x"}""")).StatusCode);
    }
}
