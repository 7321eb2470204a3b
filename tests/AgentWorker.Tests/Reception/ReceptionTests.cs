using System.Text.Json;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Reception;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Reception;

/// <summary>A call that came in, in a test's hands: messages go in, decisions come out. No Redis, no network.</summary>
public sealed class ReceptionTests
{
    static readonly PhoneNumber caller = PhoneNumber.Parse("+12025550181");
    static readonly CallId call = CallId.Inbound("CA1");
    static readonly Flow flow = Load();

    readonly ReceptionOptions options = new() { Responder = "+12025550182", TransferTo = "+12025550190" };
    readonly List<Message> published = [];
    DateTimeOffset now = new(2026, 3, 1, 9, 20, 0, TimeSpan.Zero);
    ReceptionState state = new(call, "CA1", caller, PhoneNumber.Parse("+12025550100"), new(2026, 3, 1, 9, 20, 0, TimeSpan.Zero), flow.First.Name);
    List<Turn> transcript = [];
    ReceptionDecision last = null!;
    int tool;

    static Flow Load()
    {
        var directory = FlowLibrary.Find(null)!;
        return FlowFile.Parse("inbound-reception.yaml", File.ReadAllText(Path.Combine(directory, "inbound-reception.yaml")), ReceptionToolBox.Names);
    }

    IEnumerable<T> Of<T>() => published.OfType<T>();

    ReceptionTests Gets(AgentMessage message, string? dial = "placed")
    {
        last = new ReceptionDecision(state, now, options, flow, new ReceptionFacts(transcript, dial));
        ReceptionDecisions.Decide(last, message);
        state = last.State;
        published.AddRange(last.Messages);
        return this;
    }

    JsonElement Tool(string name, object? arguments = null, string? id = null)
    {
        id ??= $"t{++tool}";
        Gets(new ToolRequested(call, Math.Max(1, state.Stream), id, name, arguments is null ? "{}" : JsonSerializer.Serialize(arguments)));
        return JsonDocument.Parse(Of<ToolResult>().Last(result => result.ToolCallId == id).Content).RootElement;
    }

    ReceptionTests Talks()
    {
        Gets(new MediaStarted(call, 1, "b"));
        return this;
    }

    ReceptionTests Says(string text)
    {
        transcript = [.. transcript, new Turn(now, Speaker.Responder, text)];
        return this;
    }

    ReceptionTests HangsUp()
    {
        Gets(new MediaStopped(call, state.Stream, "hangup"));
        Gets(new CallEnded(call, CallEnd.Completed, 30, null, null));
        Assert.Equal(options.OutcomeWait, last.OutcomeIn);
        now += options.OutcomeWait;
        return Gets(new TimerDue(call.Root, ReceptionDecisions.OutcomeTimer, call));
    }

    CreateTicket Ticket => Assert.Single(Of<CreateTicket>());

    [Fact]
    public void A_report_becomes_one_ticket_with_the_responder_on_duty()
    {
        Talks();
        var answer = Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road", description = "Smoke from the roof", caller_name = "Ana Lopez" });
        Assert.True(answer.GetProperty("recorded").GetBoolean());
        var ticket = Ticket.Ticket;
        Assert.Equal((TicketPurpose.Incident, "fire", "12 Harbour Road", Priority.High), (ticket.Purpose, ticket.IncidentType, ticket.Address, ticket.Priority));
        Assert.Equal(("+12025550182", "+12025550181", "Ana Lopez"), (ticket.Responder?.Value, ticket.RequesterPhone?.Value, ticket.RequesterName));
        Assert.Contains("Smoke from the roof", ticket.Text, StringComparison.Ordinal);
        Assert.Equal("in-CA1", Ticket.RootId);
    }

    [Fact]
    public void A_tool_call_that_comes_twice_files_one_ticket_and_gets_the_same_answer()
    {
        Talks();
        var first = Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }, "same");
        var second = Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }, "same");
        Assert.Equal(first.ToString(), second.ToString());
        Assert.Single(Of<CreateTicket>());
    }

    [Fact]
    public void A_step_that_is_made_again_after_a_crash_names_its_writes_the_same()
    {
        Talks();
        var before = state;
        Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }, "same");
        var first = Ticket.WriteId;
        (state, tool) = (before, 0);
        published.Clear();
        Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }, "same");
        Assert.Equal(first, Ticket.WriteId);
    }

    [Fact]
    public void What_is_told_in_pieces_is_kept_from_the_first_word_on_and_reported_when_it_is_enough()
    {
        Talks();
        Assert.Contains("address is missing", Tool("report_incident", new { incident_type = "fire" }).GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(Of<CreateTicket>());
        Tool("report_incident", new { address = "12 Harbour Road", danger_to_life = true });
        Assert.Equal(("fire", "12 Harbour Road", Priority.Urgent), (Ticket.Ticket.IncidentType, Ticket.Ticket.Address, Ticket.Ticket.Priority));
    }

    [Fact]
    public void Danger_to_life_sends_the_caller_to_the_emergency_number_first()
    {
        Talks();
        var answer = Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road", danger_to_life = true });
        Assert.Contains("hang up and call the emergency number first", answer.GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Contains("emergency", flow.Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public void A_correction_changes_the_ticket_and_a_second_incident_is_another_one()
    {
        Talks();
        Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" });
        Tool("report_incident", new { address = "21 Harbour Road" });
        Assert.Empty(Of<UpdateTicket>());
        Gets(new TicketCreated(call.Root, Ticket.WriteId, 1001));
        Assert.Equal("21 Harbour Road", Assert.Single(Of<UpdateTicket>()).Correction?.Address);
        Tool("report_incident", new { address = "22 Harbour Road" });
        Assert.Equal("22 Harbour Road", Of<UpdateTicket>().Last().Correction?.Address);
        Assert.Single(Of<CreateTicket>());

        Tool("report_incident", new { incident_type = "robbery", another = true });
        Tool("report_incident", new { address = "5th Street" });
        Assert.Equal(["fire", "robbery"], Of<CreateTicket>().Select(create => create.Ticket.IncidentType));
        Assert.Equal(2, Of<CreateTicket>().Select(create => create.WriteId).Distinct().Count());
    }

    [Fact]
    public void Danger_that_is_told_later_makes_the_ticket_urgent_and_stands_in_a_note_at_once()
    {
        Talks();
        Tool("report_incident", new { incident_type = "collision", address = "12 Harbour Road" });
        Gets(new TicketCreated(call.Root, Ticket.WriteId, 1001));
        Assert.Empty(Of<UpdateTicket>());
        Tool("report_incident", new { danger_to_life = true, description = "somebody is trapped" });
        Assert.Equal(new TicketCorrection("collision", "12 Harbour Road", DangerToLife: true), Assert.Single(Of<UpdateTicket>()).Correction);
        Assert.Contains("somebody is trapped", Assert.Single(Of<AddTicketNote>()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_was_put_through_to_a_person_is_not_cut_off()
    {
        Talks();
        Tool("transfer_call");
        Gets(new MediaStopped(call, 1, CallFields.EndedByTransfer));
        now += TimeSpan.FromMinutes(40);
        Gets(new CallSwept(call));
        Assert.Empty(Of<EndCall>());
        now += TimeSpan.FromHours(4);
        Gets(new CallSwept(call));
        Assert.Single(Of<EndCall>());
    }

    [Fact]
    public void A_message_whose_sender_gives_their_name_behind_it_is_one_message()
    {
        Talks();
        Tool("take_message", new { message = "The light at the gate is broken" });
        Assert.True(Tool("take_message", new { message = "The light at the gate is broken", caller_name = "Ana" }).GetProperty("recorded").GetBoolean());
        Assert.True(Tool("take_message", new { call_back_number = "this number" }).GetProperty("recorded").GetBoolean());
        Assert.Single(Of<CreateTicket>());
        Assert.Equal("Ana", state.Caller.Name);
        Tool("take_message", new { message = "The gate too" });
        Assert.Equal(2, Of<CreateTicket>().Count());
    }

    [Fact]
    public void Nobody_can_make_us_phone_a_number_by_saying_it_in_a_report()
    {
        Talks();
        Tool("report_incident", new { incident_type = "fire 3. Phone: +12025550199", address = "Responder phone: 2025550199", description = "call +1 (202) 555-0199 at once" });
        var ticket = Ticket.Ticket;
        Assert.DoesNotContain("0199", $"{ticket.Subject} {ticket.Text} {ticket.IncidentType} {ticket.Address}", StringComparison.Ordinal);
        Assert.Equal("+12025550182", ticket.Responder?.Value);
        Assert.DoesNotContain(':', ticket.Subject);
    }

    [Fact]
    public void A_message_becomes_a_ticket_that_is_no_incident_with_the_number_read_back()
    {
        Talks();
        var answer = Tool("take_message", new { message = "The light at the gate is broken", for_whom = "the parks office", caller_name = "Ana", call_back_number = "two zero two, five five five, zero one seven seven" });
        Assert.Equal("plus 1, 2 0 2, 5 5 5, 0 1 7 7", answer.GetProperty("read_back").GetString());
        Assert.Equal((TicketPurpose.Message, "+12025550177"), (Ticket.Ticket.Purpose, Ticket.Ticket.RequesterPhone?.Value));
        Assert.Null(Ticket.Ticket.Responder);
        HangsUp();
        Assert.Equal(ReceptionOutcome.MessageTaken, state.Outcome);
        Assert.False(last.IsOver);
        Gets(new TicketCreated(call.Root, Ticket.WriteId, 1001));
        Assert.Contains("call back at +12025550177", Assert.Single(Of<AddTicketNote>()).Text, StringComparison.Ordinal);
        Assert.True(last.IsOver);
    }

    [Fact]
    public void A_call_that_drops_in_the_middle_of_a_report_becomes_a_ticket_that_says_it_is_incomplete()
    {
        Talks();
        Tool("report_incident", new { incident_type = "fire" });
        Says("There is a fire at the old").HangsUp();
        Assert.Equal(ReceptionOutcome.Incomplete, state.Outcome);
        Assert.Equal((TicketPurpose.Incomplete, "fire", "+12025550182"), (Ticket.Ticket.Purpose, Ticket.Ticket.IncidentType, Ticket.Ticket.Responder?.Value));
        Assert.Contains("There is a fire at the old", Ticket.Ticket.Text, StringComparison.Ordinal);
        Assert.StartsWith("INCOMPLETE", Ticket.Ticket.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(":", Ticket.Ticket.Subject, StringComparison.Ordinal); // "by phone: fire" would be read as a phone number
        Gets(new TicketCreated(call.Root, Ticket.WriteId, 1001));
        Assert.Contains("There is a fire at the old", Assert.Single(Of<AddTicketNote>()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_that_no_tool_has_heard_of_are_kept_for_a_person_and_phone_nobody()
    {
        Talks().Says("Hello, I have seen").HangsUp();
        Assert.Equal(TicketPurpose.Incomplete, Ticket.Ticket.Purpose);
        Assert.Null(Ticket.Ticket.Responder);
    }

    [Fact]
    public void A_report_that_is_made_while_the_caller_hangs_up_still_counts()
    {
        Talks().Says("Fire at 12 Harbour Road");
        Gets(new MediaStopped(call, 1, "hangup"));
        Gets(new CallEnded(call, CallEnd.Completed, 30, null, null));
        Assert.True(Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" }).GetProperty("recorded").GetBoolean());
        Assert.True(Tool("transfer_call").TryGetProperty("error", out _));
        Gets(new TimerDue(call.Root, ReceptionDecisions.OutcomeTimer, call));
        Assert.Equal((ReceptionOutcome.Reported, TicketPurpose.Incident), (state.Outcome, Ticket.Ticket.Purpose));
    }

    [Fact]
    public void A_call_that_nobody_could_talk_with_asks_for_a_call_back()
    {
        Gets(new CallEnded(call, CallEnd.Completed, 15, null, null));
        Gets(new TimerDue(call.Root, ReceptionDecisions.OutcomeTimer, call));
        Assert.Equal(ReceptionOutcome.Missed, state.Outcome);
        Assert.Equal(TicketPurpose.Message, Ticket.Ticket.Purpose);
        Assert.Contains("+12025550181", Ticket.Ticket.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_says_nothing_or_has_been_answered_leaves_no_ticket()
    {
        Talks().HangsUp();
        Assert.Equal(ReceptionOutcome.HungUp, state.Outcome);
        Assert.True(last.IsOver);

        var other = new ReceptionTests();
        other.Talks().Says("When are you open?").Tool("end_call");
        Assert.Equal("finished", Assert.Single(other.Of<FinishCall>()).Reason);
        other.HangsUp();
        Assert.Equal(ReceptionOutcome.Answered, other.state.Outcome);
        Assert.Empty(Of<CreateTicket>().Concat(other.Of<CreateTicket>()));
    }

    [Fact]
    public void A_caller_who_is_put_through_has_spoken_with_a_person()
    {
        Talks();
        Tool("transfer_call");
        Assert.Equal(CallFields.EndedByTransfer, Assert.Single(Of<FinishCall>()).Reason);
        Gets(new TransferEnded(call, true, "completed"));
        HangsUp();
        Assert.Equal(ReceptionOutcome.Transferred, state.Outcome);
        Assert.Empty(Of<CreateTicket>());
    }

    [Fact]
    public void Where_nobody_answers_the_conversation_goes_on_with_the_offer_of_a_message_and_no_circle()
    {
        Talks();
        Tool("transfer_call");
        Gets(new MediaStopped(call, 1, "finished")).Gets(new TransferEnded(call, false, "no-answer")).Gets(new TransferEnded(call, false, "no-answer"));
        Gets(new MediaStarted(call, 2, "b")).Gets(new MediaStarted(call, 2, "b"));
        Assert.Contains("May I take a message", Assert.Single(Of<SayNews>()).Text, StringComparison.Ordinal);
        Tool("transfer_call");
        Gets(new TransferEnded(call, false, "busy")).Gets(new MediaStarted(call, 3, "b"));
        Assert.Contains("take a message", Tool("transfer_call").GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, Of<FinishCall>().Count());
    }

    [Fact]
    public void Without_a_person_configured_a_message_is_offered()
    {
        options.TransferTo = null;
        Talks();
        Assert.True(Tool("transfer_call").TryGetProperty("error", out _));
        Assert.Empty(Of<FinishCall>());
    }

    [Fact]
    public void A_call_whose_end_was_never_told_is_ended_by_the_sweep()
    {
        Talks().Says("There is smoke");
        now += TimeSpan.FromMinutes(1);
        Gets(new CallSwept(call)).Gets(new CallSwept(call), dial: null);
        Assert.Null(state.End);
        Gets(new CallSwept(call), dial: "ended");
        Assert.NotNull(state.End);
        now += TimeSpan.FromMinutes(1);
        Gets(new CallSwept(call), dial: "ended");
        Assert.Equal(ReceptionOutcome.Incomplete, state.Outcome);
        Assert.Single(Of<CreateTicket>());
        Gets(new CallSwept(call), dial: null);
        Assert.Single(Of<CreateTicket>());
    }

    [Fact]
    public void A_ticket_that_Freshdesk_refuses_is_given_up_and_a_replay_is_still_noted()
    {
        Talks();
        Tool("report_incident", new { incident_type = "fire", address = "12 Harbour Road" });
        HangsUp();
        Gets(new DeadLettered(call.Root, nameof(CreateTicket), "refused"));
        Assert.True(last.IsOver);
        Gets(new TicketCreated(call.Root, Ticket.WriteId, 1001));
        Assert.Single(Of<AddTicketNote>());
    }

    [Theory]
    [InlineData("no_such_tool", "{}", "no tool")]
    [InlineData("accept_incident", "{}", "no tool")]
    [InlineData("report_incident", "nonsense", "JSON object")]
    [InlineData("report_incident", "{\"address\":[1]}", "missing")]
    [InlineData("take_message", "{}", "message is missing")]
    public void A_senseless_call_gets_an_error_that_helps(string name, string arguments, string expected)
    {
        Talks();
        Gets(new ToolRequested(call, 1, "x", name, arguments));
        Assert.Contains(expected, Of<ToolResult>().Single().Content, StringComparison.Ordinal);
        Assert.Empty(Of<CreateTicket>());
    }
}
