using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class MessageTests
{
    static Responding Sent(bool windowOpen = false)
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "202 555 0188" });
        responding.Says("Yes, that is right.");
        responding.Facts = responding.Facts with { WindowOpen = windowOpen };
        responding.Tool("send_whatsapp_message", new { confirmed = true });
        return responding;
    }

    static void Status(Responding responding, DeliveryStatus status, int? code = null, int message = 0) =>
        responding.Gets(new MessageStatusChanged(Responding.Id, responding.State.Evidence[message].Message, status, code, code is null ? null : "Message failed"));

    [Fact]
    public void The_message_tells_type_place_priority_time_and_evidence()
    {
        var message = Assert.Single(Sent(windowOpen: true).Of<SendMessage>());

        Assert.Equal(Channel.WhatsApp, message.Channel);
        Assert.Equal(
            """
            INCIDENT: Vehicle collision
            Location: Harbour Road and 5th Street
            Priority: urgent
            Time: 1 March at 09:15
            Confidence: 95 percent
            Evidence: https://evidence.example/1.jpg
            Evidence: https://evidence.example/2.jpg
            """, message.Body, ignoreLineEndingDifferences: true);
        Assert.Equal(["https://evidence.example/1.jpg", "https://evidence.example/2.jpg"], message.MediaUrls);
    }

    [Fact]
    public void Who_accepts_by_keypad_gets_the_details_by_SMS_on_the_same_phone()
    {
        var responding = Responding.To().IsAnswered();
        responding.Gets(new MediaStopped(responding.Call, 1, "engine-failed")).Gets(new KeypadPressed(responding.Call, "1", InKeypadMode: true)).CallEnds(CallEnd.Completed);

        var sms = Assert.Single(responding.Of<SendMessage>());
        Assert.Equal((Channel.Sms, Responding.Phone), (sms.Channel, sms.To));
        Assert.Contains("Evidence: https://evidence.example/1.jpg", sms.Body, StringComparison.Ordinal);
        Assert.Contains("SMS to +12025550123: queued", Assert.Single(responding.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hangup")]
    [InlineData("silence")]
    [InlineData("error")]
    public void Whose_line_is_gone_after_the_yes_gets_the_details_by_SMS(string reason)
    {
        var sms = Assert.Single(Responding.To().IsAnswered().Accepts().HangsUp(reason: reason).Of<SendMessage>());

        Assert.Equal((Channel.Sms, Responding.Phone), (sms.Channel, sms.To));
        Assert.StartsWith("INCIDENT: Vehicle collision", sms.Body, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_ends_the_talk_in_the_ordinary_way_without_giving_a_number_gets_none() =>
        Assert.Empty(Responding.To().IsAnswered().Accepts().HangsUp(reason: "finished").Of<SendMessage>());

    [Fact]
    public void Ten_media_are_the_most()
    {
        var urls = Enumerable.Range(1, 14).Select(n => $"https://evidence.example/{n}.jpg").ToList();
        var responding = Responding.To(Responding.Ticket(evidence: urls)).IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "this number" });
        responding.Facts = new Facts { WindowOpen = true };
        responding.Tool("send_whatsapp_message", new { confirmed = true });

        Assert.Equal(10, Assert.Single(responding.Of<SendMessage>()).MediaUrls.Count);
    }

    [Fact]
    public void Outside_the_window_the_text_goes_as_a_template_and_the_media_follow_the_reply()
    {
        var responding = Sent();
        var template = Assert.Single(responding.Of<SendMessage>());
        Assert.Empty(template.MediaUrls);
        Assert.Equal(5, template.TemplateVariables!.Count);
        Assert.All(template.TemplateVariables, v => Assert.True(v.Length > 0 && !v.Contains('\n', StringComparison.Ordinal)));

        responding.Gets(new MessageReceived(Responding.Id, PhoneNumber.Parse("+12025550188"), Channel.WhatsApp, "ok", []));
        Assert.Equal(2, responding.Of<SendMessage>().Last().MediaUrls.Count);
        responding.Gets(new MessageReceived(Responding.Id, PhoneNumber.Parse("+12025550188"), Channel.WhatsApp, "thanks", []));
        Assert.Equal(2, responding.Of<SendMessage>().Count());
    }

    [Theory]
    [InlineData(63016)]
    [InlineData(63024)]
    [InlineData(63019)]
    public void A_failed_WhatsApp_message_goes_once_as_SMS_with_the_links(int code)
    {
        var responding = Sent();
        Status(responding, DeliveryStatus.Sent);
        Status(responding, DeliveryStatus.Failed, code);
        Status(responding, DeliveryStatus.Failed, code);

        var sms = Assert.Single(responding.Of<SendMessage>(), m => m.Channel == Channel.Sms);
        Assert.Equal("+12025550188", sms.To.Value);
        Assert.Contains("https://evidence.example/1.jpg", sms.Body, StringComparison.Ordinal);
        Assert.Empty(sms.MediaUrls);
        Assert.Null(responding.State.Flag);
        Assert.Contains("text message", Assert.Single(responding.Of<SayNews>()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_that_WhatsApp_rejects_after_the_text_arrived_go_as_links_by_SMS()
    {
        var responding = Sent();
        Status(responding, DeliveryStatus.Delivered);
        responding.Gets(new MessageReceived(Responding.Id, PhoneNumber.Parse("+12025550188"), Channel.WhatsApp, "ok", []));
        Status(responding, DeliveryStatus.Sent, message: 1);
        Status(responding, DeliveryStatus.Failed, 63019, message: 1);

        var sms = Assert.Single(responding.Of<SendMessage>(), m => m.Channel == Channel.Sms);
        Assert.Contains("Evidence: https://evidence.example/2.jpg", sms.Body, StringComparison.Ordinal);
        Assert.Equal(DeliveryStatus.Delivered, responding.State.Evidence[0].Status);
    }

    [Fact]
    public void A_failed_SMS_is_flagged_and_noted()
    {
        var responding = Sent();
        Status(responding, DeliveryStatus.Failed, 63016);
        Status(responding, DeliveryStatus.Failed, 21610, message: 1);

        Assert.NotNull(responding.State.Flag);
        Assert.Contains("SMS message to +12025550188 could not be delivered (Message failed, Twilio error 21610)", Assert.Single(responding.Notes), StringComparison.Ordinal);

        responding.HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
        Assert.NotNull(responding.State.Flag);
    }

    [Fact]
    public void A_status_never_goes_back()
    {
        var responding = Sent();
        Status(responding, DeliveryStatus.Delivered);
        Status(responding, DeliveryStatus.Sent);
        Status(responding, DeliveryStatus.Failed, 63016);

        Assert.Equal(DeliveryStatus.Delivered, responding.State.Evidence[0].Status);
        Assert.Single(responding.Of<SendMessage>());
    }

    [Fact]
    public void A_message_that_nobody_takes_is_the_operators()
    {
        var responding = Sent().TimerRings(TimerNames.Messages);

        Assert.Contains("has been waiting", responding.State.Flag!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_operator_was_told_of_a_waiting_message_is_taken_back_once_all_are_under_way()
    {
        var responding = Sent().TimerRings(TimerNames.Messages).HangsUp();
        Assert.Contains("has been waiting", responding.State.Flag!.Reason, StringComparison.Ordinal);

        Status(responding, DeliveryStatus.Accepted);
        Assert.Null(responding.State.Flag);
    }

    [Fact]
    public void A_waiting_message_neither_hides_nor_takes_back_what_the_operator_was_told_before()
    {
        var responding = Sent().HangsUp();
        responding.Gets(new DeadLettered(Responding.Id.Value, "UpdateTicket", "no such ticket"));
        var before = responding.State.Flag!;
        responding.TimerRings(TimerNames.Messages);
        Assert.StartsWith(before.Reason, responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Contains("has been waiting", responding.State.Flag.Reason, StringComparison.Ordinal);
        Assert.Contains("Check the Twilio account", responding.State.Flag.Remedy, StringComparison.Ordinal);

        Status(responding, DeliveryStatus.Accepted);
        Assert.Equal((before.Reason, before.Remedy, before.At), (responding.State.Flag!.Reason, responding.State.Flag.Remedy, responding.State.Flag.At));
    }

    [Fact]
    public void What_comes_after_a_waiting_message_stands_before_it()
    {
        var responding = Sent().TimerRings(TimerNames.Messages);
        responding.Tool("decline_incident", new { reason = "another call" });
        responding.HangsUp();

        Assert.StartsWith("The responder declined", responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.EndsWith("waiting for 5 minutes.", responding.State.Flag.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void After_the_ETA_the_responder_is_asked_and_a_yes_is_the_arrival()
    {
        var responding = Sent();
        Status(responding, DeliveryStatus.Delivered);
        responding.Tool("record_responder", new { eta_minutes = 10 });
        responding.HangsUp().TimerRings(TimerNames.Eta);

        var question = responding.Of<SendMessage>().Last();
        Assert.Contains("Have you arrived at Harbour Road", question.Body, StringComparison.Ordinal);
        Assert.Equal("+12025550188", question.To.Value);

        responding.Gets(new MessageReceived(Responding.Id, question.To, Channel.Sms, "Yes", []));
        Assert.NotNull(responding.State.ArrivedAt);
        Assert.False(responding.HasTimer(TimerNames.EtaReply));
        Assert.Contains(responding.Notes, n => n.Contains("confirmed the arrival", StringComparison.Ordinal));
        Assert.True(responding.HasTimer(TimerNames.OpenTicket));

        responding.TimerRings(TimerNames.OpenTicket);
        Assert.NotNull(responding.State.Flag);
    }

    [Fact]
    public void Without_a_reply_to_the_question_the_operator_is_told()
    {
        var responding = Responding.To().IsAnswered().Accepts().HangsUp(reason: "finished");
        Assert.Equal(TimeSpan.FromMinutes(30), responding.TimerIn(TimerNames.Eta));
        responding.TimerRings(TimerNames.Eta);
        Assert.Equal(Responding.Phone, responding.Of<SendMessage>().Single().To);
        Assert.Equal(TimeSpan.FromMinutes(10), responding.TimerIn(TimerNames.EtaReply));

        responding.TimerRings(TimerNames.EtaReply);
        Assert.Contains("has not confirmed the arrival", responding.State.Flag!.Reason, StringComparison.Ordinal);
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void Not_yet_with_minutes_moves_the_question()
    {
        var responding = Responding.To().IsAnswered().Accepts().HangsUp().TimerRings(TimerNames.Eta);
        responding.Gets(new MessageReceived(Responding.Id, Responding.Phone, Channel.Sms, "No, 20 min more", []));

        Assert.Null(responding.State.ArrivedAt);
        Assert.Equal(TimeSpan.FromMinutes(25), responding.TimerIn(TimerNames.Eta));
        Assert.False(responding.HasTimer(TimerNames.EtaReply));
    }

    [Fact]
    public void A_reply_by_message_accepts_nothing()
    {
        var responding = Responding.To().CallEnds(CallEnd.Busy);
        responding.Gets(new MessageReceived(Responding.Id, Responding.Phone, Channel.Sms, "yes", []));

        Assert.Equal(IncidentStatus.Calling, responding.State.Status);
        Assert.Contains("\"yes\"", Assert.Single(responding.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reply_that_is_delivered_twice_is_noted_once_and_the_same_words_in_a_new_message_again()
    {
        var responding = Sent();
        var reply = new MessageReceived(Responding.Id, PhoneNumber.Parse("+12025550188"), Channel.WhatsApp, "on my way", [], "SM1");
        responding.Gets(reply).Gets(reply with { Sid = "SM2" }).Gets(reply);

        Assert.Equal(2, responding.Notes.Count());
        Assert.Empty(responding.Last.Messages);

        for (var n = 3; n < 50; n++)
        {
            responding.Gets(reply with { Sid = $"SM{n}" });
        }

        Assert.Equal(20, responding.State.Received.Count);
        Assert.Equal("SM49", responding.State.Received[^1]);
    }

    [Fact]
    public void STOP_sends_nothing_more_on_a_reply()
    {
        var responding = Sent();
        responding.Gets(new MessageReceived(Responding.Id, PhoneNumber.Parse("+12025550188"), Channel.WhatsApp, "STOP", []));

        Assert.Single(responding.Of<SendMessage>());
    }
}
