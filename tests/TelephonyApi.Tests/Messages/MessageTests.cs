using System.Net;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Messages;

public sealed class MessageTests : TelephonyTest
{
    const string Template = "HX0123456789abcdef0123456789abcdef";
    static readonly PhoneNumber person = PhoneNumber.Parse("+12025550123");
    static readonly IncidentId incident = IncidentId.Parse("fd-1");

    private protected override (string Key, string Value)[] Settings => [("Twilio:WhatsAppTemplateSid", Template)];

    static SendMessage Message(int number = 1, Channel channel = Channel.WhatsApp, string body = "Fire at 12 Harbour Road.", string[]? media = null, string[]? variables = null) =>
        new(MessageId.Of(incident, number), incident, person, channel, body, media ?? [], variables);

    async Task OpenWindowAsync() => await Telephony.Redis.SendAsync(["SET", Keys.WhatsAppWindow(person), 1, "EX", 3600]);

    async Task ReportAsync(string status, int part = 0, int number = 1, params (string Key, string Value)[] more)
    {
        using var response = await Telephony.TwilioAsync($"/twilio/message-status?message=fd-1.m{number}&part={part}", form: [("MessageSid", "SM1"), ("MessageStatus", status), .. more]);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    Task<MessageStatusChanged> ChangedAsync(DeliveryStatus status) => Telephony.OneAsync<MessageStatusChanged>(changed => changed.Status == status);

    [Fact]
    public async Task Inside_the_window_the_text_goes_with_the_first_picture_and_each_further_picture_by_itself()
    {
        await OpenWindowAsync();
        await Telephony.PublishAsync(Message(media: ["https://cam.example.org/1.jpg", "https://cam.example.org/2.jpg"], variables: ["x"]));
        await ChangedAsync(DeliveryStatus.Accepted);
        Assert.Equal(2, Twilio.Sends.Count);
        var (first, second) = (Twilio.Sends[0].Form, Twilio.Sends[1].Form);
        Assert.Equal(("whatsapp:+12025550101", "whatsapp:+12025550123"), (first["From"], first["To"]));
        Assert.Equal(("Fire at 12 Harbour Road.", "https://cam.example.org/1.jpg"), (first["Body"], first["MediaUrl"]));
        Assert.Equal("https://cam.example.org/2.jpg", second["MediaUrl"]);
        Assert.False(second.ContainsKey("Body"));
        Assert.Equal("https://calls.example.org/twilio/message-status?message=fd-1.m1&part=1", second["StatusCallback"]);
    }

    [Fact]
    public async Task Outside_the_window_the_approved_template_goes_without_text_or_pictures()
    {
        await Telephony.PublishAsync(Message(media: ["https://cam.example.org/1.jpg"], variables: ["Fire", "12 Harbour\nRoad,  \"north\"", ""]));
        await ChangedAsync(DeliveryStatus.Accepted);
        var form = Assert.Single(Twilio.Sends).Form;
        Assert.Equal(Template, form["ContentSid"]);
        var variables = JsonNode.Parse(form["ContentVariables"])!.AsObject();
        Assert.Equal(("Fire", "12 Harbour Road, \"north\"", "-"), (variables["1"]!.GetValue<string>(), variables["2"]!.GetValue<string>(), variables["3"]!.GetValue<string>()));
        Assert.False(form.ContainsKey("Body") || form.ContainsKey("MediaUrl"));
    }

    [Fact]
    public async Task Where_a_template_makes_no_sense_free_text_is_tried_and_63016_is_told_in_words()
    {
        await Telephony.PublishAsync(Message());
        await ChangedAsync(DeliveryStatus.Accepted);
        Assert.True(Twilio.Sends[0].Form.ContainsKey("Body"));
        await ReportAsync("failed", more: [("ErrorCode", "63016")]);
        var failed = await ChangedAsync(DeliveryStatus.Failed);
        Assert.Equal(63016, failed.ErrorCode);
        Assert.Contains("24 hours", failed.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(63024, "not on WhatsApp")]
    [InlineData(63019, "rejected")]
    [InlineData(63021, "rejected")]
    public async Task A_delivery_that_fails_after_sent_is_told_with_its_code(int code, string words)
    {
        await OpenWindowAsync();
        await Telephony.PublishAsync(Message());
        await ChangedAsync(DeliveryStatus.Accepted);
        await ReportAsync("sent");
        await ReportAsync("undelivered", more: [("ErrorCode", $"{code}")]);
        await ReportAsync("sent");
        var failed = await ChangedAsync(DeliveryStatus.Failed);
        Assert.Equal(code, failed.ErrorCode);
        Assert.Contains(words, failed.Detail, StringComparison.Ordinal);
        var told = (await Telephony.PublishedAsync<MessageStatusChanged>()).Select(changed => changed.Status);
        Assert.Equal([DeliveryStatus.Accepted, DeliveryStatus.Sent, DeliveryStatus.Failed], told);
    }

    [Fact]
    public async Task Reports_out_of_order_and_twice_never_take_a_message_back()
    {
        await OpenWindowAsync();
        await Telephony.PublishAsync(Message());
        await ChangedAsync(DeliveryStatus.Accepted);
        foreach (var status in (string[])["delivered", "sent", "delivered", "queued", "read", "levitating", "failed"])
        {
            await ReportAsync(status);
        }

        var told = (await Telephony.PublishedAsync<MessageStatusChanged>()).Select(changed => changed.Status);
        Assert.Equal([DeliveryStatus.Accepted, DeliveryStatus.Delivered, DeliveryStatus.Read], told);
        Assert.Contains("message.delivered", (await Telephony.PublishedAsync<AuditEntry>()).Select(entry => entry.Kind));
    }

    [Fact]
    public async Task A_message_of_several_parts_is_as_far_as_its_slowest_part_and_fails_with_any()
    {
        await OpenWindowAsync();
        await Telephony.PublishAsync(Message(media: ["https://cam.example.org/1.jpg", "https://cam.example.org/2.jpg"]));
        await ChangedAsync(DeliveryStatus.Accepted);
        await ReportAsync("delivered");
        Assert.DoesNotContain(await Telephony.PublishedAsync<MessageStatusChanged>(), changed => changed.Status == DeliveryStatus.Delivered);
        await ReportAsync("undelivered", part: 1, more: [("ErrorCode", "63019")]);
        Assert.StartsWith("part 2 of 2", (await ChangedAsync(DeliveryStatus.Failed)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_sms_carries_its_links_in_the_text_within_the_limit()
    {
        var links = Enumerable.Range(1, 40).Select(i => $"https://cam.example.org/{new string('a', 60)}/{i}.jpg").ToArray();
        await Telephony.PublishAsync(Message(channel: Channel.Sms, body: new string('x', 1500), media: links));
        await ChangedAsync(DeliveryStatus.Accepted);
        var form = Assert.Single(Twilio.Sends).Form;
        Assert.Equal(("+12025550100", "+12025550123"), (form["From"], form["To"]));
        Assert.InRange(form["Body"].Length, 1000, 1600);
        Assert.Contains("https://cam.example.org/", form["Body"], StringComparison.Ordinal);
        Assert.Matches(@"\(\+\d+ more\)$", form["Body"]);
        Assert.False(form.ContainsKey("MediaUrl"));
    }

    [Theory]
    [InlineData(400, 21211, "not a valid phone number")]
    [InlineData(400, 21610, "opted out")]
    [InlineData(400, 21408, "Geo permissions")]
    public async Task A_refusal_is_the_messages_end(int status, int code, string words)
    {
        Twilio.NextCreateFails((HttpStatusCode)status, code, "no");
        await Telephony.PublishAsync(Message(media: ["https://cam.example.org/1.jpg", "https://cam.example.org/2.jpg"]));
        var failed = await ChangedAsync(DeliveryStatus.Failed);
        Assert.Equal(code, failed.ErrorCode);
        Assert.Contains(words, failed.Detail, StringComparison.Ordinal);
        Assert.Single(Twilio.Sends);
    }

    [Fact]
    public async Task An_outage_is_waited_out_and_a_part_that_Twilio_has_is_not_sent_again()
    {
        await OpenWindowAsync();
        Twilio.NextCreate((_, _) => Task.FromResult(false));
        Twilio.NextCreateFails(HttpStatusCode.ServiceUnavailable, 0, "down");
        await Telephony.PublishAsync(Message(media: ["https://cam.example.org/1.jpg", "https://cam.example.org/2.jpg"]));
        await ChangedAsync(DeliveryStatus.Accepted);
        Assert.Equal(["https://cam.example.org/1.jpg", "https://cam.example.org/2.jpg", "https://cam.example.org/2.jpg"], Twilio.Sends.Select(send => send.Form["MediaUrl"]));
    }

    [Fact]
    public async Task The_same_order_twice_is_sent_once_and_told_again()
    {
        await Telephony.PublishAsync(Message());
        await ChangedAsync(DeliveryStatus.Accepted);
        await Telephony.PublishAsync(Message());
        await Eventually.TrueAsync(async () => (await Telephony.PublishedAsync<MessageStatusChanged>()).Count == 2, "told again");
        Assert.Single(Twilio.Sends);
    }

    [Fact]
    public async Task Stop_is_noted_and_nothing_more_is_sent_until_start()
    {
        await Telephony.PublishAsync(Message(1, Channel.Sms));
        await ChangedAsync(DeliveryStatus.Accepted);
        using (var answer = await Telephony.TwilioAsync("/twilio/message", form: [("MessageSid", "SM9"), ("From", person.Value), ("To", "+12025550100"), ("Body", " stop "), ("NumMedia", "0")]))
        {
            Assert.Equal("""<?xml version="1.0" encoding="UTF-8"?><Response></Response>""", await answer.Content.ReadAsStringAsync());
        }

        var received = await Telephony.OneAsync<MessageReceived>();
        Assert.Equal((incident, "SM9"), (received.Incident, received.Sid));
        await Telephony.PublishAsync(Message(2, Channel.Sms));
        Assert.Equal(21610, (await ChangedAsync(DeliveryStatus.Failed)).ErrorCode);
        Assert.Single(Twilio.Sends);
        using (await Telephony.TwilioAsync("/twilio/message", form: [("From", person.Value), ("Body", "START")]))
        {
        }

        await Telephony.PublishAsync(Message(3, Channel.Sms));
        await Eventually.TrueAsync(() => Twilio.Sends.Count == 2, "sent again");
    }

    [Fact]
    public async Task A_whatsapp_reply_opens_the_window_and_reaches_the_incident_with_its_pictures()
    {
        await Telephony.PublishAsync(Message(variables: ["x"]));
        await ChangedAsync(DeliveryStatus.Accepted);
        using (await Telephony.TwilioAsync("/twilio/message", form:
            [("From", "whatsapp:+12025550123"), ("To", "whatsapp:+12025550101"), ("Body", "On my way"), ("NumMedia", "1"), ("MediaUrl0", "https://api.twilio.com/media/1")]))
        {
        }

        var received = await Telephony.OneAsync<MessageReceived>();
        Assert.Equal((Channel.WhatsApp, "On my way", "https://api.twilio.com/media/1"), (received.Channel, received.Body, Assert.Single(received.MediaUrls)));
        await Telephony.PublishAsync(Message(2, variables: ["x"]));
        await Eventually.TrueAsync(() => Twilio.Sends.Count == 2, "sent");
        Assert.True(Twilio.Sends[1].Form.ContainsKey("Body"));
    }

    [Fact]
    public async Task A_message_from_a_stranger_and_a_report_on_an_unknown_message_are_answered()
    {
        using var stranger = await Telephony.TwilioAsync("/twilio/message", form: [("From", "+12025550199"), ("Body", "hello")]);
        Assert.Equal(HttpStatusCode.OK, stranger.StatusCode);
        using var nobody = await Telephony.TwilioAsync("/twilio/message", form: [("Body", "hello")]);
        Assert.Equal(HttpStatusCode.OK, nobody.StatusCode);
        await ReportAsync("delivered", number: 77);
        using var broken = await Telephony.TwilioAsync("/twilio/message-status?message=%20&part=x", form: [("MessageStatus", "sent")]);
        Assert.Equal(HttpStatusCode.NoContent, broken.StatusCode);
        Assert.Empty(await Telephony.PublishedAsync<MessageStatusChanged>());
    }

    [Fact]
    public async Task Texts_that_hang_hold_up_no_call()
    {
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var number = 1; number <= 40; number++)
        {
            Twilio.NextCreate(async (context, _) =>
            {
                if (context.Request.Path.Value!.EndsWith("/Messages.json", StringComparison.Ordinal))
                {
                    await released.Task;
                }

                return false;
            });
            await Telephony.PublishAsync(Message(number, Channel.Sms));
        }

        await Eventually.TrueAsync(() => Twilio.Sends.Count >= 16, "as many texts as may hang do");
        await Telephony.PlaceAsync("fd-2.1", "+12025550124");
        await Telephony.OneAsync<CallPlaced>(timeout: TimeSpan.FromSeconds(4));
        Assert.Equal(16, Twilio.Sends.Count);
        released.SetResult();
        await Eventually.TrueAsync(() => Twilio.Sends.Count == 40, "every text goes out");
    }

    [Fact]
    public async Task Links_that_must_not_leave_are_withheld_and_the_text_still_goes()
    {
        await OpenWindowAsync();
        await Telephony.PublishAsync(Message(media: ["http://10.0.0.7/1.jpg", "file:///etc/passwd"]));
        var accepted = await ChangedAsync(DeliveryStatus.Accepted);
        Assert.Contains("not sent", accepted.Detail, StringComparison.Ordinal);
        Assert.False(Assert.Single(Twilio.Sends).Form.ContainsKey("MediaUrl"));
    }

    [Fact]
    public async Task Without_a_whatsapp_sender_the_message_fails_at_once_so_that_SMS_can_be_used()
    {
        await Telephony.DisposeAsync();
        await using var without = await StartAsync(("Twilio:WhatsAppFrom", ""));
        await without.PublishAsync(Message());
        Assert.Contains("Twilio:WhatsAppFrom", (await without.OneAsync<MessageStatusChanged>()).Detail, StringComparison.Ordinal);
        Assert.Empty(Twilio.Sends);
    }
}

public sealed class SilentMessageTests : TelephonyTest
{
    private protected override (string Key, string Value)[] Settings => [("Dialling:CheckLiveAfter", "00:00:00.300")];

    [Fact]
    public async Task A_message_whose_reports_were_lost_is_looked_up()
    {
        await Telephony.PublishAsync(new SendMessage(MessageId.Parse("fd-1.m1"), IncidentId.Parse("fd-1"), PhoneNumber.Parse("+12025550123"), Channel.Sms, "text", [], null));
        await Eventually.TrueAsync(() => Twilio.Messages.Count == 1, "Twilio has it");
        var message = Twilio.Messages.Values.Single();
        message["status"] = "undelivered";
        message["error_code"] = 30005;
        var failed = await Telephony.OneAsync<MessageStatusChanged>(changed => changed.Status == DeliveryStatus.Failed);
        Assert.Equal(30005, failed.ErrorCode);
    }

    [Fact]
    public async Task Rubbish_among_the_watched_messages_hides_no_other_one_and_is_thrown_away()
    {
        await Telephony.Redis.SendAsync(["ZADD", Keys.MessagesUnderWay, 1, "no such message|0", 2, "fd-1.m1|first", 3, "rubbish"]);
        await A_message_whose_reports_were_lost_is_looked_up();
        await Eventually.TrueAsync(
            async () => (await Telephony.Redis.SendAsync(["ZRANGE", Keys.MessagesUnderWay, 0, -1])).Items.All(item => item.Text == "fd-1.m1|0"), "the rubbish is gone");
    }
}
