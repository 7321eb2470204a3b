using System.Net.Http.Json;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>Records of calls, written by the real AgentWorker to a real folder.</summary>
[Collection(TownCollection.Name)]
public sealed class RecordTests(Town town)
{
    static CancellationToken Ct => TestContext.Current.CancellationToken;

    string PathOf(CallId call) => Path.Combine(town.Transcripts.FullName, $"{call}.json");

    async Task<JsonElement> RecordAsync(CallId call, Func<JsonElement, bool>? which = null)
    {
        JsonElement record = default;
        await Eventually.TrueAsync(
            async () => File.Exists(PathOf(call)) && (record = JsonDocument.Parse(await File.ReadAllTextAsync(PathOf(call), Ct)).RootElement) is var found && which?.Invoke(found) != false,
            $"the record of {call} is written. The worker's log:\n{town.Worker.Log}", TimeSpan.FromSeconds(20));
        return record;
    }

    async Task<TownIncident> CallAsync()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.SayAsync(Speaker.Agent, "Who am I speaking with?");
        await incident.SayAsync(Speaker.Responder, "Officer Lee, fire department. My card is 4111 1111 1111 1111.");
        await incident.ToolAsync("record_responder", new { name = "Officer Lee", agency = "Fire Department", token = "abc" });
        await incident.ToolAsync("retrieve_ticket");
        await incident.SayAsync(Speaker.Responder, "Yes, we take it.");
        var answer = await incident.ToolAsync("accept_incident");
        Assert.True(answer.TryGetProperty("accepted", out var accepted) && accepted.GetBoolean(), answer.ToString());
        return incident;
    }

    [Fact]
    public async Task A_call_that_is_over_is_written_down_whole_and_again_without_a_change()
    {
        var incident = await CallAsync();
        Assert.False(File.Exists(PathOf(incident.Call(1))));
        await incident.HangUpAsync(reason: "finished");

        var record = await RecordAsync(incident.Call(1));
        Assert.Equal(incident.Call(1).Value, record.GetProperty("conversation_id").GetString());
        Assert.Equal("BOT: Who am I speaking with?\nHUMAN: Officer Lee, fire department. My card is [card number].\nHUMAN: Yes, we take it.", record.GetProperty("transcript").GetString());
        Assert.True(record.GetProperty("user_id").GetInt32() > 0);
        Assert.InRange(record.GetProperty("duration").GetDouble(), 0, 60);
        Assert.Equal(("acknowledged", "outbound", incident.Phone), (record.GetProperty("outcome").GetString(), record.GetProperty("direction").GetString(), record.GetProperty("phone").GetString()));
        Assert.Equal((incident.Id.Value, incident.TicketId), (record.GetProperty("incident_id").GetString(), record.GetProperty("ticket_id").GetInt64()));
        Assert.Equal(("deepgram-agent", "en"), (record.GetProperty("engine").GetString(), record.GetProperty("language").GetString()![..2]));
        var tools = record.GetProperty("tool_calls").EnumerateArray().ToList();
        Assert.Equal(["record_responder", "retrieve_ticket", "accept_incident"], tools.Select(tool => tool.GetProperty("name").GetString()));
        Assert.Equal(("Officer Lee", "[redacted]"), (tools[0].GetProperty("arguments").GetProperty("name").GetString(), tools[0].GetProperty("arguments").GetProperty("token").GetString()));
        Assert.All(tools, tool => Assert.True(tool.GetProperty("ms").GetDouble() >= 0 && tool.GetProperty("succeeded").GetBoolean()));
        await town.HearsAsync<AuditEntry>(entry => entry.Kind == "transcript.complete" && entry.Call == incident.Call(1));

        var first = await File.ReadAllBytesAsync(PathOf(incident.Call(1)), Ct);
        await town.PublishAsync(new RecordCall(incident.Call(1)));
        await town.HearsAsync<AuditEntry>(entry => entry.Kind == "transcript.complete" && entry.Call == incident.Call(1), number: 2);
        Assert.Equal(first, await File.ReadAllBytesAsync(PathOf(incident.Call(1)), Ct));
        Assert.Empty(town.Transcripts.EnumerateFiles(".*"));
    }

    [Fact]
    public async Task A_call_that_nobody_answers_has_a_record_too()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.IsCalledAsync();
        await town.PublishAsync(new CallEnded(incident.Call(1), CallEnd.Busy, null, null, null));
        var record = await RecordAsync(incident.Call(1));
        Assert.Equal(("busy", 0), (record.GetProperty("outcome").GetString(), record.GetProperty("duration").GetDouble()));
        Assert.Empty(record.GetProperty("turns").EnumerateArray());
    }

    [Fact]
    public async Task Words_that_come_after_the_outcome_are_in_the_record()
    {
        var incident = await CallAsync();
        await town.PublishAsync(new CallEnded(incident.Call(1), CallEnd.Completed, 30, null, null));
        await incident.BecomesAsync(state => state.Live is { Settled: true });
        await RecordAsync(incident.Call(1));
        await incident.SayAsync(Speaker.Agent, "Goodbye.");
        await town.PublishAsync(new MediaStopped(incident.Call(1), 1, "hangup"));
        await RecordAsync(incident.Call(1), record => record.GetProperty("turns").GetArrayLength() == 4);
    }

    [Fact]
    public async Task Of_two_workers_one_is_killed_and_each_call_is_written_down_whole()
    {
        var second = town.StartWorker();
        var incidents = Enumerable.Range(0, 12).Select(_ => new TownIncident(town)).ToList();
        await Task.WhenAll(incidents.Select(incident => incident.ReportAsync()));
        await Task.WhenAll(incidents.Select(incident => incident.IsCalledAsync()));
        await Task.WhenAll(incidents.Select(incident => town.PublishAsync(new CallEnded(incident.Call(1), CallEnd.Busy, null, null, null))));
        town.Worker.Kill();
        town.ReplaceWorker(second);
        foreach (var incident in incidents)
        {
            Assert.Equal("busy", (await RecordAsync(incident.Call(1))).GetProperty("outcome").GetString());
        }
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_is_waited_for_with_an_alert_and_the_calls_go_on()
    {
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () => await IsReadyAsync(http), "the worker is ready", TimeSpan.FromSeconds(20));

        // A file in the folder's place: nobody, not even root, can write into it.
        var aside = town.Transcripts.FullName + "-aside";
        Directory.Move(town.Transcripts.FullName, aside);
        await File.WriteAllTextAsync(town.Transcripts.FullName, "", Ct);
        try
        {
            var incident = await CallAsync();
            await incident.HangUpAsync();
            await incident.NoteAsync("Accepted by Officer Lee");
            await Eventually.TrueAsync(async () => (await AlertsAsync(http)).Contains("transcripts"), "the alert is raised", TimeSpan.FromSeconds(20));
            Assert.True((await town.Client.SendAsync(["PTTL", Keys.Turns(incident.Call(1))], Ct)).Number > TimeSpan.FromDays(1).TotalMilliseconds);
            Assert.Equal(0, (await town.Client.SendAsync(["XLEN", Keys.Dead], Ct)).Number);

            File.Delete(town.Transcripts.FullName);
            Directory.Move(aside, town.Transcripts.FullName);
            await RecordAsync(incident.Call(1));
            await Eventually.TrueAsync(async () => !(await AlertsAsync(http)).Contains("transcripts"), "the alert is over", TimeSpan.FromSeconds(20));
        }
        finally
        {
            if (Directory.Exists(aside))
            {
                File.Delete(town.Transcripts.FullName);
                Directory.Move(aside, town.Transcripts.FullName);
            }
        }
    }

    async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            return (await http.GetAsync($"{town.Worker.Url}/ready", Ct)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    async Task<IEnumerable<string?>> AlertsAsync(HttpClient http) =>
        [.. (await http.GetFromJsonAsync<JsonElement>($"{town.Worker.Url}/status", Ct)).GetProperty("service").GetProperty("alerts").EnumerateArray().Select(alert => alert.GetProperty("name").GetString())];
}
