using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>A call that comes in: a real worker, a real Redis, a model on a real socket, and this test as bridge and telephone. A town of its own: workers are killed.</summary>
public sealed class ReceptionCallTests : IAsyncLifetime
{
    static readonly CallId call = CallId.Inbound("CA0181");
    readonly Town _town = new();
    readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _town.InitializeAsync();
        await _town.PublishAsync(new CallReceived(call, "CA0181", PhoneNumber.Parse("+12025550181"), PhoneNumber.Parse("+12025550100")));
        await _town.HearsAsync<PrepareGreeting>(m => m.Call == call);
        await _town.Calls.BeginStreamAsync(call, Town.Bridge, Ct);
        await _town.PublishAsync(new MediaStarted(call, 1, Town.Bridge));
    }

    public async ValueTask DisposeAsync()
    {
        _goOn.TrySetResult();
        await _town.DisposeAsync();
    }

    async Task SaysAsync(int turn, string text)
    {
        await _town.Calls.AppendTurnAsync(call, new Turn(DateTimeOffset.UtcNow, Speaker.Responder, text), Ct);
        await _town.PublishAsync(new UserTurn(call, 1, turn, text, true, ""));
    }

    async Task HangsUpAsync()
    {
        await _town.PublishAsync(new MediaStopped(call, 1, "hangup"));
        await _town.PublishAsync(new CallEnded(call, CallEnd.Completed, 30, null, null));
    }

    string[] Spoken(int turn) => [.. _town.Seen<Speak>(m => m.Turn == turn).OrderBy(m => m.Index).Select(m => m.Text)];

    [Fact]
    public async Task The_session_is_an_inbound_one_of_the_reception_and_holds_no_secret()
    {
        var session = (await _town.Calls.ReadSessionAsync(call, Ct))!;
        Assert.Equal(("inbound", "inbound-reception", "cascade"), (session.Direction, session.Flow, session.Engine));
        Assert.Equal("+12025550181", session.To.Value);
        Assert.Null(session.Incident);
        Assert.Contains("How can I help you?", session.Greeting, StringComparison.Ordinal);
        Assert.DoesNotContain("+12025550181", session.Prompt, StringComparison.Ordinal);
        Assert.Equal(["report_incident", "take_message", "transfer_call", "end_call"], session.Tools.Select(tool => tool.Name));
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_of_the_answer_is_followed_by_another_and_there_is_one_ticket()
    {
        _town.Model.Answer = async (http, number) =>
        {
            switch (number)
            {
                case 0:
                    await ModelServer.StreamsAsync(http, [""], ("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }));
                    return;
                case 1:
                    await ModelServer.ChunkAsync(http, new { content = "Thank you. It is" });
                    await _goOn.Task;
                    return;
                default:
                    await ModelServer.StreamsAsync(http, ["Thank you. It is reported."]);
                    return;
            }
        };
        await SaysAsync(1, "There is a fire at 12 Harbour Road");
        await _town.HearsAsync<Speak>(m => m.Text == "Thank you.");
        await using var first = _town.Worker;
        first.Kill();
        _town.ReplaceWorker(_town.StartWorker());

        Assert.Equal(2, (await _town.HearsAsync<TurnFinished>(m => m.Turn == 1)).Chunks);
        Assert.Equal(["Thank you.", "It is reported."], Spoken(1));
        await HangsUpAsync();
        await _town.HearsAsync<AuditEntry>(a => a.Kind == "reception.reported");
        var ticket = Assert.Single(_town.Seen<CreateTicket>());
        Assert.Equal(("fire", "12 Harbour Road"), (ticket.Ticket.IncidentType, ticket.Ticket.Address));
        Assert.Single(_town.Seen<AuditEntry>(a => a.Kind == "tool.report_incident"));

        await _town.PublishAsync(new TicketCreated(call.Root, ticket.WriteId, 4711));
        await _town.PublishAsync(new TicketCreated(call.Root, ticket.WriteId, 4711));
        var note = await _town.HearsAsync<AddTicketNote>(n => n.TicketId == 4711);
        Assert.Contains("Caller: There is a fire at 12 Harbour Road", note.Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => (await _town.Client.SendAsync(["SCARD", Keys.OpenReceptions], Ct)).Number == 0, "nothing is left to do for the call");
        Assert.Single(_town.Seen<AddTicketNote>());
    }

    [Fact]
    public async Task A_tool_that_the_model_asks_for_after_the_call_has_moved_is_run()
    {
        _town.Model.Answer = async (http, number) =>
        {
            if (_town.Model.Requests.ElementAt(number).ToString().Contains("recorded", StringComparison.Ordinal))
            {
                await ModelServer.StreamsAsync(http, ["It is reported."]);
                return;
            }

            await _goOn.Task;
            await ModelServer.StreamsAsync(http, [""], ("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }));
        };
        await SaysAsync(1, "There is a fire at 12 Harbour Road");
        await Eventually.TrueAsync(() => !_town.Model.Requests.IsEmpty, "the model is asked");
        await _town.Calls.BeginStreamAsync(call, Town.Bridge, Ct);
        await _town.PublishAsync(new MediaStarted(call, 2, Town.Bridge));
        await Eventually.TrueAsync(async () => (await _town.Client.SendAsync(["GET", Keys.Reception(call)], Ct)).Text!.Contains("\"stream\":2", StringComparison.Ordinal), "the worker knows of the move");
        _goOn.SetResult();

        Assert.Equal("fire", (await _town.HearsAsync<CreateTicket>(_ => true)).Ticket.IncidentType);
        await _town.HearsAsync<Speak>(m => m.Text == "It is reported.");
    }

    [Fact]
    public async Task A_worker_that_is_killed_before_anybody_has_answered_loses_no_word_of_a_call_that_drops()
    {
        _town.Model.Answer = async (_, _) => await _goOn.Task;
        await SaysAsync(1, "I want to report a fire at the");
        await Eventually.TrueAsync(() => !_town.Model.Requests.IsEmpty, "the model is asked");
        await using var first = _town.Worker;
        first.Kill();
        await HangsUpAsync();
        _town.ReplaceWorker(_town.StartWorker());

        var ticket = await _town.HearsAsync<CreateTicket>(_ => true);
        Assert.Equal(TicketPurpose.Incomplete, ticket.Ticket.Purpose);
        Assert.Contains("I want to report a fire at the", ticket.Ticket.Text, StringComparison.Ordinal);
        Assert.Single(_town.Seen<CreateTicket>());
    }

    [Fact]
    public async Task A_call_that_came_in_while_no_worker_lived_is_found_as_missed()
    {
        await using var first = _town.Worker;
        first.Kill();
        var missed = CallId.Inbound("CA0182");
        await _town.PublishAsync(new CallReceived(missed, "CA0182", null, PhoneNumber.Parse("+12025550100")));
        await _town.PublishAsync(new CallEnded(missed, CallEnd.Completed, 15, null, null));
        _town.ReplaceWorker(_town.StartWorker());
        var ticket = await _town.HearsAsync<CreateTicket>(m => m.RootId == missed.Root);
        Assert.Equal(TicketPurpose.Message, ticket.Ticket.Purpose);
        Assert.Contains("hidden number", ticket.Ticket.Subject, StringComparison.Ordinal);
    }
}
