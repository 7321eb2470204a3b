using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>A town of its own: its worker is killed, which would disturb the others' calls.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    // However busy the machine is, the model's time must not be over before the worker is frozen.
    static readonly (string, string)[] patient = [("OpenAI__AttemptTimeout", "00:00:50"), ("OpenAI__TotalTimeout", "00:00:50")];

    readonly Town _town = new();

    public ValueTask InitializeAsync() => _town.InitializeAsync();

    public ValueTask DisposeAsync() => _town.DisposeAsync();

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_of_a_call_loses_nothing_and_does_nothing_twice()
    {
        var incident = new TownIncident(_town);
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.ToolAsync("record_responder", new { name = "Officer Lee", agency = "Police" });
        await incident.ToolAsync("retrieve_ticket");

        await using var first = _town.Worker;
        first.Kill();
        await incident.SayAsync(Speaker.Responder, "Yes.");
        await _town.PublishAsync(new ToolRequested(incident.Call(1), 1, "yes", "accept_incident", "{}"));
        _town.ReplaceWorker(_town.StartWorker());

        await _town.HearsAsync<ToolResult>(r => r.ToolCallId == "yes");
        await incident.ToolAsync("record_responder", new { whatsapp_number = "this number", eta_minutes = 30 });
        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true });

        await using var second = _town.Worker;
        second.Kill();
        await incident.HangUpAsync();
        _town.ReplaceWorker(_town.StartWorker());

        var note = await incident.NoteAsync("Accepted by Officer Lee (Police)");
        Assert.Contains("Responder: Yes.", note.Text, StringComparison.Ordinal);
        var state = await incident.BecomesAsync(s => s.Status == IncidentStatus.Acknowledged);
        Assert.Single(state.Attempts);
        Assert.Single(_town.Seen<PlaceCall>());
        Assert.Single(_town.Seen<SendMessage>());
        Assert.Single(_town.Seen<AddTicketNote>());
        Assert.Single(_town.Seen<UpdateTicket>(), update => update.Status is not null);
        Assert.Distinct(_town.Seen<UpdateTicket>().Select(update => update.WriteId));
    }

    [Fact]
    public async Task A_worker_that_is_frozen_in_the_middle_of_a_step_has_no_effect_when_it_wakes_up()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var awake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _town.Model.Answer = async (http, number) =>
        {
            if (number == 0)
            {
                asked.SetResult();
                await awake.Task; // when it wakes up it is told that there is nobody to call
            }

            await ModelServer.Says(http, $$"""{"phone_number":{{(number == 0 ? "null" : "\"+12025550146\"")}},"incident_type":null,"address":null,"confidence_score":null,"image_urls":[]}""");
        };
        await _town.Worker.DisposeAsync();
        await using var frozen = _town.StartWorker(patient);
        _town.ReplaceWorker(frozen);
        var incident = new TownIncident(_town);
        await incident.ReportAsync(incident.Ticket(withPhone: false, rawText: "Call the fire desk: +1 202 555 0146."));
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        frozen.Freeze();
        _town.ReplaceWorker(_town.StartWorker(patient));
        await Eventually.TrueAsync(() => _town.Worker.Log.Contains("Took partitions", StringComparison.Ordinal), "the other worker goes on", TimeSpan.FromSeconds(60));
        await incident.IsCalledAsync();
        frozen.Thaw();
        awake.SetResult();
        await Eventually.TrueAsync(() => frozen.Log.Contains("Lost partition", StringComparison.Ordinal), "the frozen worker sees that it has lost its partitions", TimeSpan.FromSeconds(60));
        await incident.AnswerAsync();
        await incident.ToolAsync("record_responder", new { name = "Officer Lee" });

        var state = await incident.BecomesAsync(s => s.Responder?.Name == "Officer Lee");
        Assert.Null(state.Flag);
        Assert.Single(state.Attempts);
        Assert.Single(_town.Seen<PlaceCall>());
        Assert.Single(_town.Seen<AuditEntry>(entry => entry.Kind == "incident.opened"));
        Assert.Empty(_town.Seen<AddTicketNote>());
    }

    [Theory]
    [InlineData("Dispatch__Attempts", "0", "Dispatch:Attempts must be 1 to 10, for example 3")]
    [InlineData("Flows__Directory", "/does/not/exist", "Flows:Directory must be an existing folder")]
    [InlineData("Dispatch__Flow", "no-such-flow", "no-such-flow.yaml")]
    public async Task A_wrong_setting_stops_the_start_with_its_key_and_rule(string key, string value, string message)
    {
        await using var worker = WorkerProcess.Start(_town.Redis.ConnectionString, _town.Model.Url, new Dictionary<string, string> { [key] = value });

        Assert.NotEqual(0, await worker.EndAsync());
        Assert.Contains(message, worker.Log, StringComparison.Ordinal);
    }
}
