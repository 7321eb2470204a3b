using System.Net.Http.Json;
using System.Text.Json;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Integration;

[Collection(TownCollection.Name)]
public sealed class DispatchTests(Town town)
{
    static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task From_the_ticket_to_the_note_that_tells_the_whole_story()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.IsCalledAsync();
        Assert.Contains("Safe City Authority", (await town.Calls.ReadSessionAsync(incident.Call(1), Ct))!.Greeting, StringComparison.Ordinal);

        await incident.AnswerAsync();
        await incident.SayAsync(Speaker.Agent, "Who am I speaking with?");
        await incident.ToolAsync("record_responder", new { name = "Officer Lee", agency = "Fire Department" });
        Assert.Equal(incident.Address, (await incident.ToolAsync("retrieve_ticket")).GetProperty("address").GetString());
        await incident.SayAsync(Speaker.Responder, "Yes, we take it.");
        Assert.True((await incident.ToolAsync("accept_incident")).GetProperty("accepted").GetBoolean());
        await incident.ToolAsync("record_responder", new { whatsapp_number = "two oh two five five five oh one oh oh" });
        await incident.ToolAsync("record_responder", new { whatsapp_number = "202 555 0101" });
        await incident.ToolAsync("record_responder", new { whatsapp_number = "202 555 0102" });
        await incident.SayAsync(Speaker.Responder, "Yes, that is right.");
        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true });
        var message = await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id);
        Assert.Equal("+12025550102", message.To.Value);
        await town.PublishAsync(new MessageStatusChanged(incident.Id, message.Message, DeliveryStatus.Delivered, null, null));
        await incident.ToolAsync("record_responder", new { eta_minutes = 15 });
        await incident.ToolAsync("end_call");
        await town.HearsAsync<FinishCall>(m => m.Call == incident.Call(1));
        await incident.HangUpAsync(reason: "finished");

        var note = await incident.NoteAsync("Accepted by Officer Lee (Fire Department)");
        Assert.Contains("ETA: 15 minutes", note.Text, StringComparison.Ordinal);
        Assert.Contains("WhatsApp to +12025550102: delivered", note.Text, StringComparison.Ordinal);
        Assert.Contains("Responder: Yes, we take it.", note.Text, StringComparison.Ordinal);
        Assert.Equal(TicketStatus.Pending, (await town.HearsAsync<UpdateTicket>(u => u.Incident == incident.Id && u.Status is not null)).Status);
        Assert.Single(incident.Notes);

        using var http = new HttpClient();
        var status = await http.GetFromJsonAsync<JsonElement>($"{town.Worker.Url}/status", Ct);
        Assert.Contains(status.GetProperty("incidents").EnumerateArray(), i => i.GetProperty("incident").GetString() == incident.Id.Value && i.GetProperty("status").GetString() == "Acknowledged");
        Assert.DoesNotContain(incident.Phone!, status.ToString(), StringComparison.Ordinal);
        Assert.True((await http.GetAsync($"{town.Worker.Url}/health", Ct)).IsSuccessStatusCode);
        Assert.True((await http.GetAsync($"{town.Worker.Url}/ready", Ct)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task Three_times_busy_is_unreachable_and_the_ticket_stays_open()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        for (var call = 1; call <= 3; call++)
        {
            await incident.IsCalledAsync(call);
            await town.PublishAsync(new CallEnded(incident.Call(call), CallEnd.Busy, null, null, null));
        }

        await incident.NoteAsync("could not be reached in 3 calls");
        var state = await incident.BecomesAsync(s => s.Status == IncidentStatus.Unreachable);
        Assert.NotNull(state.Flag);
        Assert.Empty(town.Seen<UpdateTicket>(u => u.Incident == incident.Id));
        Assert.Contains(incident.Id, await town.Incidents.ReadOpenAsync(Ct));
    }

    [Fact]
    public async Task A_failed_WhatsApp_message_goes_as_SMS_and_a_failed_SMS_to_the_operator()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.ToolAsync("retrieve_ticket");
        await incident.AcceptAsync();
        await incident.ToolAsync("record_responder", new { whatsapp_number = "this number" });
        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true });
        var whatsApp = await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id);
        await town.PublishAsync(new MessageStatusChanged(incident.Id, whatsApp.Message, DeliveryStatus.Failed, 63016, "outside the window"));

        var sms = await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id && m.Channel == Channel.Sms);
        Assert.Contains("Evidence: https://evidence.example/1.jpg", sms.Body, StringComparison.Ordinal);
        await town.PublishAsync(new MessageStatusChanged(incident.Id, sms.Message, DeliveryStatus.Failed, 30003, "unreachable handset"));
        await incident.NoteAsync("could not be delivered");
        await incident.BecomesAsync(s => s.Flag is not null);
    }

    [Fact]
    public async Task Media_that_waited_go_out_when_the_responder_writes_back_and_at_once_inside_the_window()
    {
        var incident = new TownIncident(town, phone: "+12025550150");
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.ToolAsync("retrieve_ticket");
        await incident.AcceptAsync();
        await incident.ToolAsync("record_responder", new { whatsapp_number = "this number" });
        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true });
        Assert.Empty((await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id)).MediaUrls);

        await town.Client.SendAsync(["SET", Keys.WhatsAppWindow(PhoneNumber.Parse("+12025550150")), "1", "EX", 60], Ct);
        await town.PublishAsync(new MessageReceived(incident.Id, PhoneNumber.Parse("+12025550150"), Channel.WhatsApp, "ok", []));
        Assert.Equal(2, (await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id, 2)).MediaUrls.Count);

        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true, again = true });
        Assert.Equal(2, (await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id, 3)).MediaUrls.Count);
    }

    [Fact]
    public async Task Two_tickets_of_one_event_make_one_call_and_share_its_outcome()
    {
        var first = new TownIncident(town, phone: "+12025550161", address: "Market Square");
        var second = new TownIncident(town, phone: "+12025550161", address: "market square");
        await first.ReportAsync();
        await first.IsCalledAsync();
        await second.ReportAsync();
        await second.NoteAsync($"same event as ticket {first.TicketId}");

        await first.AnswerAsync();
        await first.ToolAsync("record_responder", new { name = "Medic Ito" });
        await first.ToolAsync("retrieve_ticket");
        await first.AcceptAsync();
        await first.HangUpAsync();

        await second.NoteAsync("Accepted by Medic Ito");
        Assert.Equal(TicketStatus.Pending, (await town.HearsAsync<UpdateTicket>(u => u.Incident == second.Id)).Status);
        Assert.Empty(town.Seen<PlaceCall>(p => p.Call == second.Call(1)));
    }

    [Fact]
    public async Task A_duplicate_that_followed_a_yes_is_open_again_when_the_responder_takes_it_back()
    {
        var first = new TownIncident(town, phone: "+12025550162", address: "Fish Market");
        var second = new TownIncident(town, phone: "+12025550162", address: "fish market");
        await first.ReportAsync();
        await first.IsCalledAsync();
        await second.ReportAsync();
        await second.NoteAsync($"same event as ticket {first.TicketId}");
        await first.AnswerAsync();
        await first.ToolAsync("record_responder", new { name = "Medic Ito" });
        await first.ToolAsync("retrieve_ticket");
        await first.AcceptAsync();
        await first.HangUpAsync();
        await second.NoteAsync("Accepted by Medic Ito");

        await first.ToolAsync("decline_incident", new { reason = "the ambulance broke down" });

        await town.HearsAsync<UpdateTicket>(u => u.Incident == first.Id && u.Status == TicketStatus.Open);
        await town.HearsAsync<UpdateTicket>(u => u.Incident == second.Id && u.Status == TicketStatus.Open);
        await second.BecomesAsync(s => s.Status == IncidentStatus.Declined && s.Flag is not null);
        Assert.Empty(town.Seen<PlaceCall>(p => p.Call == second.Call(1)));
    }

    [Fact]
    public async Task After_a_wiped_Redis_an_accepted_incident_and_its_duplicate_are_followed_up_once_and_nobody_is_called_again()
    {
        var first = new TownIncident(town, phone: "+12025550163", address: "Salt Market");
        var second = new TownIncident(town, phone: "+12025550163", address: "salt market");
        var acceptance = new TicketAcceptance(DateTimeOffset.UtcNow.AddSeconds(-1));
        await town.PublishAsync(new IncidentReported(first.Id, first.Ticket() with { Acceptance = acceptance }));
        await first.BecomesAsync(s => s.Status == IncidentStatus.Acknowledged);
        await town.PublishAsync(new IncidentReported(second.Id, second.Ticket() with { Acceptance = acceptance }));
        await second.BecomesAsync(s => s.Status == IncidentStatus.Acknowledged && s.DuplicateOf == first.Id);

        var asked = await town.HearsAsync<SendMessage>(m => m.Incident == first.Id);
        Assert.Equal("+12025550163", asked.To.Value);
        await first.BecomesAsync(s => s.Flag is not null);
        Assert.Empty(town.Seen<SendMessage>(m => m.Incident == second.Id));
        Assert.Empty(town.Seen<PlaceCall>(p => p.Call == first.Call(1) || p.Call == second.Call(1)));
    }

    [Fact]
    public async Task Tickets_of_one_event_that_arrive_together_make_one_call()
    {
        var pairs = Enumerable.Range(0, 10).Select(n =>
            (First: new TownIncident(town, phone: $"+120255502{n:00}", address: $"Bridge {n}"), Second: new TownIncident(town, phone: $"+120255502{n:00}", address: $"Bridge {n}"))).ToList();
        await Task.WhenAll(pairs.SelectMany(p => new[] { p.First.ReportAsync(), p.Second.ReportAsync() }));

        foreach (var (first, second) in pairs)
        {
            await first.BecomesAsync(s => s.DuplicateOf is not null || s.Attempts.Count > 0);
            await second.BecomesAsync(s => s.DuplicateOf is not null || s.Attempts.Count > 0);
            Assert.Single(town.Seen<PlaceCall>(p => p.Call == first.Call(1) || p.Call == second.Call(1)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_duplicate_whose_timer_was_lost_still_follows_its_primary(bool reportedAgain)
    {
        var place = $"Old Mill {reportedAgain}";
        var first = new TownIncident(town, phone: "+12025550171", address: place);
        var second = new TownIncident(town, phone: "+12025550171", address: place);
        await first.ReportAsync();
        await first.IsCalledAsync();
        await second.ReportAsync();
        var state = await second.BecomesAsync(s => s.DuplicateOf == first.Id);

        await town.Client.SendAsync(["ZREM", Keys.Timers, $"{second.Id}/{TimerNames.Duplicate}"], Ct);
        var lost = state with { Timers = [.. state.Timers.Select(t => t with { DueAt = t.DueAt.AddMinutes(-5) })] };
        await town.Client.SendAsync(["SET", Keys.Incident(second.Id), JsonSerializer.SerializeToUtf8Bytes(lost, StateJson.Default.IncidentState)], Ct);
        await town.PublishAsync(reportedAgain ? new IncidentReported(second.Id, second.Ticket()) : new IncidentSwept(second.Id));

        await town.HearsAsync<AuditEntry>(a => a.Root == second.Id.Value && a.Kind == "incident.repaired");
        await second.BecomesAsync(s => s.Timers.Any(t => t.DueAt > DateTimeOffset.UtcNow.AddMinutes(-1)));
        Assert.Equal(first.Id, (await town.Incidents.ReadAsync(second.Id, Ct))!.DuplicateOf);
        Assert.Empty(town.Seen<PlaceCall>(p => p.Call == second.Call(1)));
    }

    [Fact]
    public async Task A_ticket_closed_while_the_phone_rings_ends_the_call_for_good()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.IsCalledAsync();
        await town.PublishAsync(new CallRinging(incident.Call(1)));
        await town.PublishAsync(new IncidentWithdrawn(incident.Id, "closed"));
        await town.HearsAsync<EndCall>(m => m.Call == incident.Call(1));
        await town.PublishAsync(new CallEnded(incident.Call(1), CallEnd.Canceled, null, null, null));

        await incident.BecomesAsync(s => s.Status == IncidentStatus.Withdrawn);
        Assert.DoesNotContain(incident.Id, await town.Incidents.ReadOpenAsync(Ct));
        Assert.Empty((await town.Client.SendAsync(["ZRANGEBYLEX", Keys.Timers, $"[{incident.Id}/", $"[{incident.Id}/~"], Ct)).Items);
    }

    [Fact]
    public async Task A_tool_call_that_is_delivered_twice_has_one_effect()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.ToolAsync("retrieve_ticket");
        await incident.AcceptAsync();
        await incident.ToolAsync("record_responder", new { whatsapp_number = "this number" });
        await incident.ToolAsync("send_whatsapp_message", new { confirmed = true }, id: $"{incident.Id}-twice");
        await incident.StreamAsync();
        await town.PublishAsync(new ToolRequested(incident.Call(1), 2, $"{incident.Id}-twice", "send_whatsapp_message", """{"confirmed":true}"""));
        await town.HearsAsync<ToolResult>(r => r.ToolCallId == $"{incident.Id}-twice", 2);

        Assert.Single(town.Seen<SendMessage>(m => m.Incident == incident.Id));
    }

    [Fact]
    public async Task A_voicemail_learns_nothing()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.AnswerAsync(by: AnsweredByKind.MachineEnd);
        await town.HearsAsync<LeaveVoicemail>(m => m.Call == incident.Call(1));
        var answer = await incident.ToolAsync("retrieve_ticket");

        Assert.DoesNotContain(incident.Address, answer.ToString(), StringComparison.Ordinal);
        await incident.HangUpAsync(reason: "voicemail");
        await incident.IsCalledAsync(2);
    }

    [Fact]
    public async Task Without_a_verdict_the_incident_is_told_after_the_time_allowed()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.IsCalledAsync();
        await town.PublishAsync(new CallAnswered(incident.Call(1)));
        await incident.StreamAsync();

        Assert.Equal(incident.Address, (await incident.ToolAsync("retrieve_ticket")).GetProperty("address").GetString());
    }

    [Fact]
    public async Task A_responder_who_does_not_confirm_the_arrival_is_asked_and_then_flagged()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.AnswerAsync();
        await incident.ToolAsync("retrieve_ticket");
        await incident.AcceptAsync();
        await incident.ToolAsync("record_responder", new { eta_minutes = 0 });
        await incident.HangUpAsync(reason: "finished");

        var question = await town.HearsAsync<SendMessage>(m => m.Incident == incident.Id);
        Assert.Contains("Have you arrived", question.Body, StringComparison.Ordinal);
        await incident.BecomesAsync(s => s.Flag is not null);
        await town.PublishAsync(new MessageReceived(incident.Id, question.To, Channel.Sms, "arrived", []));
        var state = await incident.BecomesAsync(s => s.ArrivedAt is not null);
        Assert.Null(state.Flag);
    }

    [Fact]
    public async Task The_sweep_finds_an_incident_with_nothing_left_to_happen_and_calls()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync(incident.Ticket(withPhone: false, rawText: "nothing"));
        var state = await incident.BecomesAsync(s => s.Flag is not null);
        var broken = state with { Flag = null, Fields = state.Fields with { ResponderPhone = PhoneNumber.Parse("+12025550170") } };
        await town.Client.SendAsync(["SET", Keys.Incident(incident.Id), JsonSerializer.SerializeToUtf8Bytes(broken, StateJson.Default.IncidentState)], Ct);

        Assert.Equal("+12025550170", (await incident.IsCalledAsync()).To.Value);
        await town.HearsAsync<AuditEntry>(a => a.Root == incident.Id.Value && a.Kind == "incident.repaired");
    }

    [Fact]
    public async Task The_model_finds_the_phone_that_the_form_lacks()
    {
        town.Model.Answer = (http, _) => ModelServer.Says(http, """{"phone_number":"+12025550144","incident_type":null,"address":null,"confidence_score":null,"image_urls":[]}""");
        var incident = new TownIncident(town);
        await incident.ReportAsync(incident.Ticket(withPhone: false, rawText: "Call the fire desk: +1 202 555 0144."));

        Assert.Equal("+12025550144", (await incident.IsCalledAsync()).To.Value);
        Assert.Empty(incident.Notes);
    }

    [Fact]
    public async Task A_model_that_fails_leaves_the_ticket_open_flagged_and_noted_once_until_it_is_corrected()
    {
        town.Model.Answer = (http, _) => ModelServer.Says(http, "{{{ not json");
        var incident = new TownIncident(town);
        var incomplete = incident.Ticket(withPhone: false, rawText: "No number here.");
        await incident.ReportAsync(incomplete);
        await incident.NoteAsync("cannot call anybody");
        var asked = town.Model.Requests.Count;
        await incident.ReportAsync(incomplete);
        await incident.ReportAsync(incomplete);

        await incident.ReportAsync(incident.Ticket("v2"));
        await incident.IsCalledAsync();
        Assert.Single(incident.Notes);
        Assert.Equal(asked, town.Model.Requests.Count);
        await incident.BecomesAsync(s => s.Flag is null);
    }

    [Fact]
    public async Task A_dead_letter_is_flagged_and_an_event_of_nothing_known_harms_nobody()
    {
        var incident = new TownIncident(town);
        await incident.ReportAsync();
        await incident.IsCalledAsync();
        await town.PublishAsync(new DeadLettered(incident.Id.Value, "SendMessage", "five failures"));
        await incident.NoteAsync("could not do a step");

        var unknown = CallId.Parse("in-CA0001.1");
        await town.Calls.BeginStreamAsync(unknown, Town.Bridge, Ct);
        await town.PublishAsync(new ToolRequested(unknown, 1, "unknown-1", "accept_incident", "{}"));
        Assert.Contains("Nothing is known", (await town.HearsAsync<ToolResult>(r => r.ToolCallId == "unknown-1")).Content, StringComparison.Ordinal);
    }
}
