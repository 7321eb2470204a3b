using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>A person asks to be forgotten: by the real AgentWorker, in Redis and in the folder of records.</summary>
[Collection(TownCollection.Name)]
public sealed class ErasureTests(Town town)
{
    // Of each test its own: what is left of another test's person is no failure of this one.
    static int people;

    string Name { get; } = $"Marguerite Oyelaran {(char)('A' + (Interlocked.Increment(ref people) % 26))}.";
    string Words => $"The bakery of {Name} is on fire";

    static CancellationToken Ct => TestContext.Current.CancellationToken;

    string PathOf(CallId call) => Path.Combine(town.Transcripts.FullName, $"{call}.json");

    async Task<TownIncident> CallAsync()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync(incident.Ticket(rawText: $"Call {incident.Phone![..2]} {incident.Phone[2..5]}-{incident.Phone[5..8]}-{incident.Phone[8..]} at once."));
        await incident.AnswerAsync();
        await incident.SayAsync(Speaker.Responder, $"This is {Name}. {Words}. My number is {incident.Phone[2..5]} {incident.Phone[5..8]} {incident.Phone[8..]}.");
        await incident.ToolAsync("record_responder", new { name = Name, agency = "Fire Department" });
        await incident.ToolAsync("retrieve_ticket");
        return incident;
    }

    async Task<ErasureReport> AskAsync(string number, Func<ErasureReport, bool> until)
    {
        var (request, reports) = (Guid.NewGuid().ToString("N"), new ErasureStore(town.Client));
        await town.PublishAsync(new EraseSubject(request, PhoneNumber.Parse(number)));
        ErasureReport? report = null;
        await Eventually.TrueAsync(async () => (report = await reports.ReadAsync(request, Ct)) is not null && until(report), $"the erasure comes to it; it is {report}\n{town.Worker.Log}", TimeSpan.FromSeconds(20));
        return report!;
    }

    /// <summary>Everything in Redis that outlives the next minute, as text.</summary>
    async Task<Dictionary<string, string>> KeptAsync()
    {
        string[] passing = ["cm:agent:", Keys.Telephony, Keys.Tickets, Keys.Media, Keys.Model, Keys.Records, "cm:speech:", Keys.TimerMessages];
        var kept = new Dictionary<string, string>();
        foreach (var key in (await town.Client.SendAsync(["KEYS", "*"], Ct)).Items.Select(item => item.Text!).Where(key => !passing.Any(key.StartsWith)))
        {
            var reply = (await town.Client.SendAsync(["TYPE", key], Ct)).Text switch
            {
                "string" => await town.Client.SendAsync(["GET", key], Ct),
                "hash" => await town.Client.SendAsync(["HGETALL", key], Ct),
                "list" => await town.Client.SendAsync(["LRANGE", key, 0, -1], Ct),
                "set" => await town.Client.SendAsync(["SMEMBERS", key], Ct),
                "zset" => await town.Client.SendAsync(["ZRANGE", key, 0, -1], Ct),
                _ => await town.Client.SendAsync(["XRANGE", key, "-", "+"], Ct),
            };
            kept[key] = $"{key} {Flat(reply)}";
        }

        return kept;
    }

    static string Flat(Messaging.Redis.RespValue value) => value.Items.Count > 0 ? string.Join(' ', value.Items.Select(Flat)) : value.Text ?? "";

    [Fact]
    public async Task Nothing_is_left_of_a_person_but_counts_and_outcomes_and_doing_it_again_finds_nothing()
    {
        var incident = await CallAsync();
        await incident.ToolAsync("decline_incident", new { reason = $"{Name} is ill" });
        await incident.HangUpAsync();
        await incident.BecomesAsync(state => state.Status == IncidentStatus.Declined);
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(PathOf(incident.Call(1)))), "the record is written", TimeSpan.FromSeconds(20));
        var digits = incident.Phone![2..];
        Assert.Contains((await KeptAsync()).Values, text => text.Contains(digits, StringComparison.Ordinal));

        var report = await AskAsync(incident.Phone, r => r.Status == ErasureStore.Done);
        Assert.Equal((1, 1, 1), (report.Transcripts, report.Calls, report.Incidents));
        Assert.True(report.Events > 0);
        foreach (var (key, text) in await KeptAsync())
        {
            Assert.False(text.Contains(digits, StringComparison.Ordinal), $"The number is left in {key}: {text}");
            Assert.False(text.Contains(Name, StringComparison.OrdinalIgnoreCase), $"The name is left in {key}: {text}");
            Assert.False(text.Contains(Words, StringComparison.OrdinalIgnoreCase), $"The words are left in {key}: {text}");
        }

        var file = await File.ReadAllTextAsync(PathOf(incident.Call(1)), Ct);
        Assert.All([digits, Name, Words], one => Assert.DoesNotContain(one, file, StringComparison.OrdinalIgnoreCase));
        var record = JsonDocument.Parse(file).RootElement;
        Assert.Equal((0, "declined", 1, 3), (record.GetProperty("user_id").GetInt32(), record.GetProperty("outcome").GetString(), record.GetProperty("turns").GetArrayLength(), record.GetProperty("tool_calls").GetArrayLength()));
        var state = await incident.BecomesAsync(_ => true);
        Assert.Equal((IncidentStatus.Declined, CallOutcome.Declined), (state.Status, state.Attempts.Single().Outcome));
        var audit = await town.HearsAsync<AuditEntry>(entry => entry.Kind == "subject.erased" && entry.Text.Contains("1 transcripts", StringComparison.Ordinal));
        Assert.DoesNotContain(digits, audit.Text, StringComparison.Ordinal);

        var again = await AskAsync(incident.Phone, r => r.Status == ErasureStore.Done);
        Assert.Equal((0, 0, 0, 0), (again.Transcripts, again.Calls, again.Incidents, again.Events));

        // A late order to write the record leaves it as it is.
        await town.PublishAsync(new RecordCall(incident.Call(1)));
        await town.HearsAsync<AuditEntry>(entry => entry.Kind == "transcript.complete" && entry.Call == incident.Call(1), number: 2);
        Assert.Equal(file, await File.ReadAllTextAsync(PathOf(incident.Call(1)), Ct));
    }

    [Fact]
    public async Task While_the_person_is_on_the_phone_nothing_is_touched()
    {
        var incident = await CallAsync();
        var report = await AskAsync(incident.Phone!, r => r.Waiting > 0);
        Assert.Equal((ErasureStore.Waiting, 0, 0), (report.Status, report.Calls, report.Incidents));
        Assert.Contains(Words, Assert.Single(await town.Calls.ReadTurnsAsync(incident.Call(1), Ct)).Text, StringComparison.Ordinal);

        await incident.SayAsync(Speaker.Responder, "Yes, I accept.");
        Assert.True((await incident.ToolAsync("accept_incident")).GetProperty("accepted").GetBoolean());
        await incident.HangUpAsync();
        await incident.BecomesAsync(state => state.Status == IncidentStatus.Acknowledged && state.Responder?.Name == Name);
        await town.PublishAsync(new IncidentWithdrawn(incident.Id, "resolved"));
        await incident.BecomesAsync(state => state.Status == IncidentStatus.Withdrawn);
        await AskAsync(incident.Phone!, r => r.Status == ErasureStore.Done);
        Assert.Null((await incident.BecomesAsync(_ => true)).Responder?.Name);
    }

    [Fact]
    public async Task Somebody_elses_call_in_which_the_number_was_said_loses_the_number_alone()
    {
        var incident = await CallAsync();
        var other = $"+1202556{incident.TicketId % 10_000:0000}";
        await incident.SayAsync(Speaker.Responder, $"Ask my colleague at {other[2..5]} {other[5..8]} {other[8..]} too.");
        await incident.ToolAsync("decline_incident", new { reason = "no crew" });
        await incident.HangUpAsync();
        await incident.BecomesAsync(state => state.Status == IncidentStatus.Declined);
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(PathOf(incident.Call(1)))), "the record is written", TimeSpan.FromSeconds(20));

        await AskAsync(other, r => r.Status == ErasureStore.Done);
        var record = JsonDocument.Parse(await File.ReadAllTextAsync(PathOf(incident.Call(1)), Ct)).RootElement;
        Assert.Equal(incident.Phone, record.GetProperty("phone").GetString());
        Assert.Contains("Ask my colleague at [erased] too.", record.GetProperty("transcript").GetString(), StringComparison.Ordinal);
        Assert.Contains(Words, record.GetProperty("transcript").GetString(), StringComparison.Ordinal);
    }
}
