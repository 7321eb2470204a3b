using System.Net.WebSockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class SpeakSocketTests(QuickSimulator shared, NaturalSimulator natural) : IClassFixture<QuickSimulator>, IClassFixture<NaturalSimulator>
{
    static Task<WireClient> OpenAsync(RunningSimulator simulator, string query = "model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000") =>
        WireClient.ConnectAsync<WireClient>($"ws://127.0.0.1:{simulator.Ports.Deepgram}/v1/speak?{query}", ("Authorization", "Token simulator"));

    static Task SpeakAsync(WireClient client, string text) => client.SendAsync($$"""{"type":"Speak","text":"{{text}}"}""");

    [Fact]
    public async Task Pieces_of_text_become_one_voice_when_they_are_flushed()
    {
        await using var client = await OpenAsync(shared.Running);
        Assert.Equal("aura-2-thalia-en", (string?)(await client.WaitAsync("Metadata"))["model_name"]);
        await SpeakAsync(client, "There is a ");
        await SpeakAsync(client, "fire. Can you ");
        await SpeakAsync(client, "come?");
        Assert.Equal(0, client.AudioBytes);
        await client.SendAsync("""{"type":"Flush"}""");
        Assert.Equal(0, (int)(await client.WaitAsync("Flushed"))["sequence_id"]!);
        Assert.Equal("There is a fire. Can you come?", client.Heard);
        Assert.Equal(ToneCode.Encode("There is a fire. Can you come?").Length, client.AudioBytes);
        await SpeakAsync(client, "Please.");
        await client.SendAsync("""{"type":"Flush"}""");
        Assert.Equal(1, (int)(await client.WaitAsync("Flushed"))["sequence_id"]!);
        Assert.Equal("There is a fire. Can you come? Please.", client.Heard);
    }

    [Fact]
    public async Task Much_text_is_spoken_without_a_flush_and_Close_speaks_the_rest()
    {
        await using var client = await OpenAsync(shared.Running);
        await client.WaitAsync("Metadata");
        var sentence = string.Concat(Enumerable.Repeat("All units are on their way now. ", 8));
        await SpeakAsync(client, sentence + "And this is");
        await SpeakAsync(client, " the end");
        await client.SendAsync("""{"type":"Close"}""");
        await client.EndedAsync();
        Assert.Equal(sentence + "And this is the end", client.Heard);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Fact]
    public async Task Clear_stops_the_voice_at_once()
    {
        await using var client = await OpenAsync(natural.Running);
        await client.WaitAsync("Metadata");
        await SpeakAsync(client, "This is a very long story that nobody wants to hear to its end, I am afraid.");
        await client.SendAsync("""{"type":"Flush"}""");
        await client.WaitForAudioAsync(4000);
        await client.SendAsync("""{"type":"Clear"}""");
        await client.WaitAsync("Cleared");
        var bytes = client.AudioBytes;
        await SpeakAsync(client, "Short.");
        await client.SendAsync("""{"type":"Flush"}""");
        await client.WaitAsync("Flushed");
        Assert.Equal(ToneCode.Encode("Short.").Length, client.AudioBytes - bytes);
        Assert.Equal(["Metadata", "audio", "Cleared", "audio", "Flushed"], client.Log.Select(m => (string)m["type"]!));
    }

    [Fact]
    public async Task Too_many_flushes_are_warned_of_and_too_much_text_ends_it()
    {
        await using var client = await OpenAsync(shared.Running);
        for (var i = 0; i <= 20; i++)
        {
            await client.SendAsync("""{"type":"Flush"}""");
        }

        Assert.NotNull((await client.WaitAsync("Warning"))["description"]);
        await SpeakAsync(client, new string('a', 1500));
        await SpeakAsync(client, new string('b', 1500));
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, client.CloseStatus);
        Assert.StartsWith("DATA-0001", client.CloseDescription, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"Shout","text":"x"}""")]
    [InlineData("""{"type":"Speak"}""")]
    [InlineData("Speak")]
    public async Task A_message_that_is_none_ends_it(string message)
    {
        await using var client = await OpenAsync(shared.Running);
        await client.SendAsync(message);
        await client.EndedAsync();
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, true), (client.CloseStatus, client.CloseDescription!.StartsWith("DATA-0000", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Audio_sent_to_it_ends_it_and_a_wrong_format_is_refused()
    {
        await using var client = await OpenAsync(shared.Running);
        await client.SendAudioAsync(new byte[160]);
        await client.EndedAsync();
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, client.CloseStatus);
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => OpenAsync(shared.Running, "model=aura-2-thalia-en&encoding=linear16&sample_rate=24000"));
        Assert.Contains("400", refused.Message, StringComparison.Ordinal);
    }
}
