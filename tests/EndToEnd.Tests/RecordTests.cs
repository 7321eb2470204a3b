using System.Text.Json;
using CityMonitor.Hosting;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

public sealed class RecordedCall(CityFixture city)
{
    static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_document_of_a_call_says_what_the_phone_heard_and_no_word_of_it_is_in_the_logs()
    {
        var scenario = new Scenario(city, "+12025550151");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone));
        await scenario.FileAsync();
        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and the call over", 120);

        var record = await ReadAsync(city.City, scenario, state);
        var turns = record.GetProperty("turns").EnumerateArray().ToList();
        Assert.Contains("I accept", record.GetProperty("transcript").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(("acknowledged", scenario.Phone), (record.GetProperty("outcome").GetString(), record.GetProperty("phone").GetString()));
        Assert.Contains(record.GetProperty("tool_calls").EnumerateArray(), tool => tool.GetProperty("name").GetString() == "accept_incident");

        // Turns come one after the other, within the call; answers tell what they waited for.
        var duration = record.GetProperty("duration").GetDouble() * 1000;
        Assert.All(turns, turn => Assert.InRange(turn.GetProperty("ended_ms").GetDouble(), turn.GetProperty("started_ms").GetDouble(), duration + 2000));
        Assert.Contains(turns, turn => turn.GetProperty("timings") is { ValueKind: JsonValueKind.Object } times && times.GetProperty("first_frame_ms").GetDouble() is > 0 and < 5000);

        var lines = city.City.Lines().Where(line => !line.Text.Contains(" DBG ", StringComparison.Ordinal)).Select(line => line.Text).ToList();
        foreach (var turn in turns.Select(turn => turn.GetProperty("text").GetString()!).Where(text => text.Length > 12))
        {
            Assert.DoesNotContain(lines, line => line.Contains(turn, StringComparison.OrdinalIgnoreCase));
        }

        Assert.DoesNotContain(lines, line => line.Contains(scenario.Phone, StringComparison.Ordinal));
    }

    /// <summary>The record of a call, once it is there: word for word what the phone heard.</summary>
    internal static async Task<JsonElement> ReadAsync(City city, Scenario scenario, IncidentState state)
    {
        var file = Path.Combine(city.Transcripts, $"{state.Attempts.Single().Call}.json");
        await scenario.UntilAsync(() => Task.FromResult(File.Exists(file)), "its record");
        var record = JsonDocument.Parse(await File.ReadAllTextAsync(file, Ct)).RootElement;
        var said = string.Join(' ', record.GetProperty("turns").EnumerateArray().Where(turn => turn.GetProperty("who").GetString() == "bot").Select(turn => turn.GetProperty("text").GetString()));
        var call = Assert.Single(await scenario.CallsAsync());
        Assert.Equal(PlainText.Words(call["heard"]!["heard"]!.GetValue<string>()), PlainText.Words(said));
        return record;
    }
}
