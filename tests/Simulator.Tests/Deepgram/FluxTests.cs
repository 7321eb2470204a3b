using System.Net.WebSockets;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class FluxTests(QuickSimulator shared) : IClassFixture<QuickSimulator>
{
    readonly RunningSimulator simulator = shared.Running;

    Task<WireClient> OpenAsync(string query = "") => WireClient.ConnectAsync<WireClient>(
        $"ws://127.0.0.1:{simulator.Ports.Deepgram}/v2/listen?model=flux-general-en&encoding=mulaw&sample_rate=8000{query}", ("Authorization", "Token simulator"));

    static Task<JsonNode> TurnAsync(WireClient client, string what) => client.WaitAsync(m => (string?)m["event"] == what, what);

    [Fact]
    public async Task A_turn_begins_grows_and_ends()
    {
        await using var client = await OpenAsync();
        Assert.Equal(0, (int)(await client.WaitAsync("Connected"))["sequence_id"]!);
        await client.SayAsync("There is a fire at Harbour Road.", 1500);
        var end = await TurnAsync(client, "EndOfTurn");
        Assert.Equal(("There is a fire at Harbour Road.", "model", 0), ((string?)end["transcript"], (string?)end["trigger"], (int)end["turn_index"]!));
        Assert.True((double)end["end_of_turn_confidence"]! >= 0.7);
        var kinds = client.Log.Select(m => (string?)m["event"]).OfType<string>().ToList();
        Assert.Equal(("Update", 1, 0), (kinds[0], kinds.Count(k => k == "StartOfTurn"), kinds.Count(k => k == "EagerEndOfTurn")));
        Assert.Equal(Enumerable.Range(0, client.Log.Count), client.Log.Select(m => (int)m["sequence_id"]!));
        await client.SayAsync("Goodbye.", 1000);
        Assert.Equal(1, (int)(await TurnAsync(client, "EndOfTurn"))["turn_index"]!);
    }

    [Fact]
    public async Task A_likely_end_is_told_early_and_taken_back_when_the_caller_goes_on()
    {
        await using var client = await OpenAsync("&eager_eot_threshold=0.4&eot_threshold=0.8");
        await client.SayAsync("Yes.", 350);
        Assert.Equal("Yes.", (string?)(await TurnAsync(client, "EagerEndOfTurn"))["transcript"]);
        await client.SayAsync("No, wait.", 1500);
        await TurnAsync(client, "TurnResumed");
        var eager = await TurnAsync(client, "EagerEndOfTurn");
        var end = await TurnAsync(client, "EndOfTurn");
        Assert.Equal("Yes. No, wait.", (string?)end["transcript"]);
        Assert.Equal((string?)eager["transcript"], (string?)end["transcript"]);
    }

    [Fact]
    public async Task An_unfinished_sentence_is_waited_for_longer_and_a_timeout_ends_it()
    {
        await using var client = await OpenAsync("&eot_threshold=0.9&eot_timeout_ms=1200");
        await client.SayAsync("My number is", 1300);
        Assert.Equal("timeout", (string?)(await TurnAsync(client, "EndOfTurn"))["trigger"]);
    }

    [Fact]
    public async Task It_can_be_configured_and_told_to_end_a_turn()
    {
        await using var client = await OpenAsync();
        await client.SendAsync("""{"type":"Configure","thresholds":{"eot_threshold":0.2}}""");
        Assert.NotNull((await client.WaitAsync("ConfigureFailure"))["description"]);
        await client.SendAsync("""{"type":"Configure","thresholds":{"eot_threshold":0.9},"keyterms":["Harbour Road"]}""");
        Assert.Equal("Harbour Road", (string?)(await client.WaitAsync("ConfigureSuccess"))["keyterms"]![0]);
        await client.SendAudioAsync(ToneCode.Encode("Over and"));
        await client.SendAsync("""{"type":"ForceEndTurn"}""");
        var end = await TurnAsync(client, "EndOfTurn");
        Assert.Equal(("Over and", "manual"), ((string?)end["transcript"], (string?)end["trigger"]));
    }

    [Theory]
    [InlineData("""{"type":"KeepAlive"}""")]
    [InlineData("""{"type":"Finalize"}""")]
    [InlineData("hello")]
    public async Task Messages_of_v1_end_it_with_an_error(string message)
    {
        await using var client = await OpenAsync();
        await client.SendAsync(message);
        Assert.Equal("UNPARSABLE_CLIENT_MESSAGE", (string?)(await client.WaitAsync("Error"))["code"]);
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
    }

    [Theory]
    [InlineData("&interim_results=true")]
    [InlineData("&eot_threshold=0.3")]
    [InlineData("&eager_eot_threshold=0.95")]
    [InlineData("&language_hint=en")]
    public async Task Parameters_of_v1_and_wrong_thresholds_are_refused(string query) =>
        Assert.Contains("400", (await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync(query))).Message, StringComparison.Ordinal);
}
