using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Messaging.Tests.State;

public sealed class StoreTests
{
    static readonly IncidentId s_incident = IncidentId.OfTicket(4711);
    static readonly CallId s_call = CallId.Of(s_incident, 1);

    [Fact]
    public async Task A_calls_session_fields_and_turns_are_read_as_they_were_written_and_expire()
    {
        await using var server = await RedisServer.StartAsync();
        await using var spine = await Spine.StartAsync(server.ConnectionString);
        var calls = spine.Get<CallStore>();
        Assert.Null(await calls.ReadSessionAsync(s_call, CancellationToken.None));
        Assert.Empty(await calls.ReadAsync(s_call, CancellationToken.None));
        Assert.Empty(await calls.ReadTurnsAsync(s_call, CancellationToken.None));

        var session = new CallSession(
            s_call, s_incident, "outbound", PhoneNumber.Parse("+12025550123"), "flow", "deepgram-agent", "en", "voice", "model", "prompt", "hello", "voicemail", "keypad", "bye",
            [new ToolDefinition("accept_incident", "Accepts.", JsonDocument.Parse("{}").RootElement, true)], ["Main Street"], new CallLimits(900, 30, ["Hello?"], ["goodbye"]));
        var step = spine.Bus.BeginStep();
        step.SetFields(
            Keys.Call(s_call), new Dictionary<string, RedisArg> { [CallFields.Session] = JsonSerializer.SerializeToUtf8Bytes(session, StateJson.Default.CallSession) }, CallStore.Life);
        await spine.Bus.CommitAsync(step, CancellationToken.None);
        await calls.WriteAsync(s_call, new Dictionary<string, string> { [CallFields.Dial] = "queued" }, CancellationToken.None);
        await calls.WriteAsync(s_call, new Dictionary<string, string>(), CancellationToken.None);
        await calls.AppendTurnAsync(s_call, new Turn(DateTimeOffset.UnixEpoch, Speaker.Agent, "Guten Tag"), CancellationToken.None);
        await calls.AppendTurnAsync(s_call, new Turn(DateTimeOffset.UnixEpoch, Speaker.Responder, "Yes", Interrupted: true), CancellationToken.None);

        var read = await calls.ReadSessionAsync(s_call, CancellationToken.None);
        Assert.Equal(JsonSerializer.Serialize(session, StateJson.Default.CallSession), JsonSerializer.Serialize(read!, StateJson.Default.CallSession));
        Assert.Equal("queued", (await calls.ReadAsync(s_call, CancellationToken.None))[CallFields.Dial].Text);
        Assert.Equal(["Guten Tag", "Yes"], (await calls.ReadTurnsAsync(s_call, CancellationToken.None)).Select(turn => turn.Text));
        foreach (var key in new[] { Keys.Call(s_call), Keys.Turns(s_call) })
        {
            Assert.InRange((await spine.Redis.SendAsync(["PTTL", key])).Number, 1, (long)CallStore.Life.TotalMilliseconds);
        }
    }

    [Fact]
    public async Task Incidents_are_read_and_unknown_ones_are_null()
    {
        await using var server = await RedisServer.StartAsync();
        await using var spine = await Spine.StartAsync(server.ConnectionString);
        var incidents = spine.Get<IncidentStore>();
        Assert.Null(await incidents.ReadAsync(s_incident, CancellationToken.None));
        var fields = new IncidentFields("fire", "1 Main Street", null, 0.9, [], null, null);
        var state = new IncidentState(
            s_incident, new TicketSnapshot(4711, "v", "s", "r", Priority.High, fields, [], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
            fields, IncidentStatus.Reported, DateTimeOffset.UnixEpoch, [], null, [], null);
        var step = spine.Bus.BeginStep();
        step.Set(Keys.Incident(s_incident), state, StateJson.Default.IncidentState);
        step.AddToSet(Keys.OpenIncidents, s_incident.Value);
        await spine.Bus.CommitAsync(step, CancellationToken.None);
        Assert.Equal(4711, (await incidents.ReadAsync(s_incident, CancellationToken.None))!.Ticket.TicketId);
        Assert.Equal([s_incident], await incidents.ReadOpenAsync(CancellationToken.None));
    }
}
