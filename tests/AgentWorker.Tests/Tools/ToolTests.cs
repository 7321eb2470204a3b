using System.Text.Json;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Tools;

public sealed class ToolTests
{
    static string Error(JsonElement answer) => answer.GetProperty("error").GetString()!;

    [Fact]
    public void Nothing_is_told_to_a_machine()
    {
        var responding = Responding.To().IsAnswered(AnsweredByKind.MachineStart);
        var answer = responding.Tool("retrieve_ticket");

        Assert.Contains("machine", Error(answer), StringComparison.Ordinal);
        Assert.DoesNotContain("Harbour", answer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_incident_waits_for_the_verdict_and_is_told_as_soon_as_a_person_is_heard()
    {
        var responding = Responding.To().IsAnswered(by: null).Later(TimeSpan.FromSeconds(1));
        Assert.Null(responding.RawTool("retrieve_ticket", "{}", "t1"));
        Assert.Equal(TimeSpan.FromSeconds(3), responding.TimerIn(TimerNames.Verdict));

        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.Human));
        Assert.Contains("Harbour", Assert.Single(responding.Of<ToolResult>()).Content, StringComparison.Ordinal);
        Assert.False(responding.HasTimer(TimerNames.Verdict));
    }

    [Fact]
    public void Without_a_verdict_the_incident_is_told_after_four_seconds()
    {
        var responding = Responding.To().IsAnswered(by: null);
        Assert.Null(responding.RawTool("retrieve_ticket", "{}", "t1"));
        responding.TimerRings(TimerNames.Verdict);

        Assert.Contains("Harbour", Assert.Single(responding.Of<ToolResult>()).Content, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_of_a_call_of_which_nothing_was_heard_shows_that_it_was_answered()
    {
        var responding = Responding.To();
        responding.Tool("record_responder", new { name = "Officer Lee", agency = "Fire Department" });

        Assert.Equal(1, responding.State.Live!.Stream);
        Assert.NotNull(responding.State.Live.AnsweredAt);
    }

    [Fact]
    public void A_yes_that_a_new_speech_engine_reports_again_is_accepted_once()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        var said = responding.State.Responder!.AcceptedAt;

        responding.Later(TimeSpan.FromSeconds(2)).Tool("accept_incident", id: "of the new engine");
        Assert.Equal(said, responding.State.Responder!.AcceptedAt);
        Assert.Single(responding.Of<AuditEntry>(), entry => entry.Kind == "incident.accepted");
    }

    [Fact]
    public void A_verdict_of_machine_keeps_the_waiting_tool_from_telling()
    {
        var responding = Responding.To().IsAnswered(by: null);
        responding.RawTool("retrieve_ticket", "{}", "t1");
        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.MachineEnd));

        Assert.DoesNotContain("Harbour", Assert.Single(responding.Of<ToolResult>()).Content, StringComparison.Ordinal);
        Assert.Single(responding.Of<LeaveVoicemail>());
    }

    [Theory]
    [InlineData("close_ticket", "{}", "There is no tool 'close_ticket'")]
    [InlineData("update_freshdesk_ticket_status", """{"status":5}""", "There is no tool")]
    [InlineData("record_responder", "not json", "must be one JSON object")]
    [InlineData("record_responder", "[1]", "must be one JSON object")]
    [InlineData("record_responder", "{}", "Nothing to record")]
    [InlineData("record_responder", """{"eta_minutes":"soon"}""", "eta_minutes must be a whole number from 0 to 600, for example 15")]
    [InlineData("record_responder", """{"eta_minutes":-4}""", "eta_minutes must be a whole number")]
    [InlineData("record_responder", """{"name":{"first":"Lee"}}""", "name must be a text")]
    [InlineData("record_responder", """{"whatsapp_number":"12"}""", "whatsapp_number has 2 digits")]
    [InlineData("accept_incident", "{}", "cannot be used in the step 'introduction'")]
    [InlineData("send_whatsapp_message", """{"confirmed":true}""", "cannot be used in the step")]
    [InlineData("end_call", """{"call_back_minutes":1000}""", "call_back_minutes must be a whole number from 1 to 60")]
    public void A_senseless_call_gets_an_error_that_helps(string tool, string arguments, string error)
    {
        var responding = Responding.To().IsAnswered();
        var answer = responding.RawTool(tool, arguments)!.Value;

        Assert.Contains(error, Error(answer), StringComparison.Ordinal);
        Assert.Null(responding.State.Responder?.AcceptedAt);
        Assert.Empty(responding.Of<UpdateTicket>());
        Assert.Empty(responding.Of<SendMessage>());
    }

    [Fact]
    public void Huge_arguments_are_refused_and_long_texts_too()
    {
        var responding = Responding.To().IsAnswered();

        Assert.Contains("too long", Error(responding.RawTool("record_responder", JsonSerializer.Serialize(new { name = new string('x', 100_000) }))!.Value), StringComparison.Ordinal);
        Assert.Contains("at most 200", Error(responding.Tool("record_responder", new { name = new string('x', 300) })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_field_does_not_lose_the_good_ones()
    {
        var responding = Responding.To().IsAnswered();
        var answer = responding.Tool("record_responder", new { name = "Officer Lee", eta_minutes = "later" });

        Assert.Contains("eta_minutes", Error(answer), StringComparison.Ordinal);
        Assert.Equal("Officer Lee", responding.State.Responder!.Name);
    }

    [Fact]
    public void The_same_tool_call_twice_has_one_effect_and_the_same_answer()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "this number" });
        var first = responding.Tool("send_whatsapp_message", new { confirmed = true }, "t9");
        responding.Gets(new MediaStarted(responding.Call, 2, "b2"));
        var again = responding.Tool("send_whatsapp_message", new { confirmed = true }, "t9", stream: 2);

        Assert.Equal(first.ToString(), again.ToString());
        Assert.Single(responding.Of<SendMessage>());
        Assert.Equal(2, responding.Of<ToolResult>().Last().Stream);
    }

    [Fact]
    public void A_tool_of_an_older_stream_is_dropped()
    {
        var responding = Responding.To().IsAnswered();
        responding.Gets(new MediaStarted(responding.Call, 2, "b2"));

        Assert.Null(responding.RawTool("retrieve_ticket", "{}", stream: 1));
    }

    [Fact]
    public void A_tool_that_was_taken_back_does_not_run()
    {
        var responding = Responding.To().IsAnswered(by: null);
        responding.RawTool("retrieve_ticket", "{}", "t1");
        responding.Gets(new ToolCancelled(responding.Call, 1, "t1"));
        responding.Gets(new AnsweredBy(responding.Call, AnsweredByKind.Human));
        Assert.Null(responding.RawTool("retrieve_ticket", "{}", "t1"));

        Assert.Empty(responding.Of<ToolResult>());
    }

    [Fact]
    public void A_yes_that_was_taken_back_is_no_yes()
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        responding.Says("Yes").Tool("accept_incident", id: "yes");
        responding.Gets(new ToolCancelled(responding.Call, 1, "yes"));
        responding.HangsUp();

        Assert.Equal(CallOutcome.HungUp, responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void A_number_is_sent_to_only_once_it_is_confirmed()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        Assert.Contains("No WhatsApp number", Error(responding.Tool("send_whatsapp_message", new { confirmed = true })), StringComparison.Ordinal);

        var recorded = responding.Tool("record_responder", new { whatsapp_number = "two oh two, double five five, oh one eight eight" });
        responding.Says("Yes, that is right.");
        Assert.Equal("plus 1, 2 0 2, 5 5 5, 0 1 8 8", recorded.GetProperty("read_back").GetString());
        Assert.Contains("not confirmed", Error(responding.Tool("send_whatsapp_message", new { confirmed = false })), StringComparison.Ordinal);
        Assert.Contains("not confirmed", Error(responding.Tool("send_whatsapp_message")), StringComparison.Ordinal);
        Assert.Empty(responding.Of<SendMessage>());

        responding.Tool("send_whatsapp_message", new { confirmed = true, to = "+12025550199", ticket = 9 });
        Assert.Equal("+12025550188", Assert.Single(responding.Of<SendMessage>()).To.Value);
    }

    [Fact]
    public void A_number_corrected_twice_is_the_last_one()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "202 555 0181" });
        responding.Tool("record_responder", new { whatsapp_number = "202 555 0182" });
        responding.Tool("record_responder", new { whatsapp_number = "+1 202 555 0183" });
        responding.Says("Yes, that is right.");
        responding.Tool("send_whatsapp_message", new { confirmed = true });

        Assert.Equal("+12025550183", Assert.Single(responding.Of<SendMessage>()).To.Value);
    }

    [Fact]
    public void A_refused_number_still_ends_in_an_acknowledged_incident()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { eta_minutes = 10 });
        responding.Tool("record_responder", new { eta_minutes = 20 });
        responding.HangsUp(reason: "finished");

        Assert.Equal(20, responding.State.Responder!.EtaMinutes);
        Assert.Contains("Evidence sent: none", Assert.Single(responding.Notes), StringComparison.Ordinal);
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void One_message_per_number_unless_it_is_asked_for_again()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "this number" });
        responding.Tool("send_whatsapp_message", new { confirmed = true });
        Assert.True(responding.Tool("send_whatsapp_message", new { confirmed = true }).GetProperty("already_sent").GetBoolean());
        Assert.Single(responding.Of<SendMessage>());

        responding.Tool("send_whatsapp_message", new { confirmed = true, again = true });
        Assert.Equal(2, responding.Of<SendMessage>().Select(m => m.Message).Distinct().Count());
    }

    [Fact]
    public void Every_request_is_answered_even_for_a_call_of_the_past()
    {
        var responding = Responding.To().CallEnds(CallEnd.Busy).TimerRings(TimerNames.NextAttempt);
        responding.Gets(new ToolRequested(CallId.Of(Responding.Id, 1), 1, "x", "accept_incident", "{}"));

        Assert.Single(responding.Of<ToolResult>());
        Assert.Null(responding.State.Responder);
    }

    [Theory]
    [InlineData("wrong number, asked not to be called again", CallOutcome.InvalidContact)]
    [InlineData("please do not call me back", CallOutcome.Declined)]
    [InlineData("Unit 12 is out, never phone again", CallOutcome.Declined)]
    public void Who_wants_no_further_call_gets_none(string reason, CallOutcome outcome)
    {
        var responding = Responding.To().IsAnswered();
        responding.Tool("retrieve_ticket");
        Assert.True(responding.Tool("decline_incident", new { reason }).GetProperty("declined").GetBoolean());
        responding.HangsUp();
        Assert.Equal(outcome, responding.State.Attempts[0].Outcome);
    }

    [Fact]
    public void No_tool_there_is_can_touch_a_tickets_status()
    {
        Assert.Equal(
            ["accept_incident", "decline_incident", "end_call", "record_responder", "retrieve_ticket", "send_whatsapp_message"],
            ToolBox.Names.Order(StringComparer.Ordinal));
        foreach (var name in ToolBox.Names)
        {
            var schema = ToolBox.Definition(name).Parameters;
            Assert.Equal("object", schema.GetProperty("type").GetString());
            Assert.DoesNotContain("status", schema.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("ticket_id", schema.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void Every_tool_call_is_in_the_audit()
    {
        var responding = Responding.To().IsAnswered().Accepts();

        Assert.Equal(
            ["tool.record_responder", "tool.retrieve_ticket", "tool.accept_incident"],
            responding.Of<AuditEntry>().Where(a => a.Kind.StartsWith("tool.", StringComparison.Ordinal)).Select(a => a.Kind));
        Assert.Contains(responding.Of<AuditEntry>(), a => a.Kind == "incident.accepted");
    }
}
