using System.Net;
using System.Net.Http.Json;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio;
using CityMonitor.Simulator.Twilio.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class MessagesTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Template = "HX00000000000000000000000000000001";

    static int nextNumber = 169;

    [Fact]
    public async Task An_sms_is_queued_sent_and_delivered_and_each_step_is_called_back()
    {
        await using var app = await CustomerApp.StartAsync();
        var to = Person("{}");
        var (status, message) = await simulator.PostAsync("/Messages.json",
            ("To", to), ("From", "+12025550100"), ("Body", "Evidence: see link"), ("StatusCallback", app.Url + "/status"));
        Assert.Equal(HttpStatusCode.Created, status);
        var sid = message.GetProperty("sid").GetString()!;
        Assert.Matches("^SM[0-9a-f]{32}$", sid);
        Assert.Equal(("queued", "outbound-api", "1", "0"), (message.GetProperty("status").GetString(), message.GetProperty("direction").GetString(),
            message.GetProperty("num_segments").GetString(), message.GetProperty("num_media").GetString()));
        var statuses = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var callback = await app.NextAsync("/status");
            Assert.Equal((sid, sid, to), (callback["MessageSid"], callback["SmsSid"], callback["To"]));
            Assert.Equal(TwilioSignature.Of("simulator", app.Url + "/status", callback.Fields), callback.Signature);
            statuses.Add(callback["MessageStatus"]);
        }

        Assert.Equal(["queued", "sent", "delivered"], statuses);
        var (_, shown) = await simulator.GetAsync($"/Messages/{sid}.json");
        Assert.Equal("delivered", shown.GetProperty("status").GetString());
        Assert.NotNull(shown.GetProperty("date_sent").GetString());
    }

    [Fact]
    public async Task Outside_the_window_free_text_is_taken_and_then_fails_and_a_template_arrives()
    {
        await using var app = await CustomerApp.StartAsync();
        var to = Person("{read_after: 100ms}");
        var (status, free) = await WhatsAppAsync(to, ("Body", "Here is the evidence"), ("StatusCallback", app.Url + "/status"));
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal("queued", free.GetProperty("status").GetString());
        Received callback;
        do
        {
            callback = await app.NextAsync("/status");
        }
        while (callback["MessageStatus"] == "queued");
        Assert.Equal(("failed", "63016", "whatsapp"), (callback["MessageStatus"], callback["ErrorCode"], callback["ChannelPrefix"]));
        Assert.Equal(63016, (await UntilAsync(free, "failed")).GetProperty("error_code").GetInt32());

        var (_, template) = await WhatsAppAsync(to, ("ContentSid", Template), ("ContentVariables", """{"1":"Fire"}"""));
        await UntilAsync(template, "read");
    }

    [Fact]
    public async Task A_message_from_the_person_opens_the_window_and_reaches_the_application()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Services.GetRequiredService<NumberSettings>().MessageUrl = app.Url + "/message";
        app.Answer("/message", "<Response><Message>Thank you.</Message></Response>");
        var person = Person("{}");
        using var written = await simulator.Control.PostAsJsonAsync("/messages/inbound", new { from = person, body = "I am here", channel = "whatsapp" });
        Assert.Equal(HttpStatusCode.Accepted, written.StatusCode);
        var received = await app.NextAsync("/message");
        Assert.Equal(($"whatsapp:{person}", "whatsapp:+12025550100", "I am here", "received"), (received["From"], received["To"], received["Body"], received["SmsStatus"]));
        Assert.Equal(person[1..], received["WaId"]);
        Assert.Equal(TwilioSignature.Of("simulator", app.Url + "/message", received.Fields), received.Signature);
        await simulator.Timeline.WaitAsync(e => e.Kind == "message.delivered" && e.Details.GetProperty("phone").GetString() == person, TimeSpan.FromSeconds(5));
        var (_, free) = await WhatsAppAsync(person, ("Body", "Now it goes"));
        await UntilAsync(free, "delivered");
    }

    [Fact]
    public async Task A_person_can_write_back_which_opens_the_window()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Services.GetRequiredService<NumberSettings>().MessageUrl = app.Url + "/message";
        var to = Person("{replies: [{on: never, say: No.}, {on: fire, say: Received., after: 100ms}]}");
        await WhatsAppAsync(to, ("ContentSid", Template), ("ContentVariables", """{"1":"Fire"}"""));
        Assert.Equal("Received.", (await app.NextAsync("/message"))["Body"]);
        var (_, free) = await WhatsAppAsync(to, ("Body", "Fire: the evidence"));
        await UntilAsync(free, "delivered");
        await Task.Delay(300);
        Assert.Empty(app.Taken("/message"));
    }

    [Theory]
    [InlineData("{has_whatsapp: false}", true, "", "failed", 63024)]
    [InlineData("{rejects_media: true, whatsapp_window_open: true}", true, "media", "failed", 63019)]
    [InlineData("{whatsapp_window_open: true}", true, "http://127.0.0.1:1/none.jpg", "failed", 63019)]
    [InlineData("{undelivered_with: 30003}", false, "", "undelivered", 30003)]
    [InlineData("{fails_with: 30005}", false, "", "failed", 30005)]
    public async Task A_phone_can_make_delivery_fail_in_every_documented_way(string messaging, bool whatsApp, string media, string status, int code)
    {
        var to = Person(messaging);
        (string, string)[] content = media.Length == 0 ? [("Body", "x")] : [("Body", "x"), ("MediaUrl", media == "media" ? Evidence : media)];
        var (_, message) = whatsApp ? await WhatsAppAsync(to, content) : await simulator.PostAsync("/Messages.json", [("To", to), ("From", "+12025550100"), .. content]);
        var ended = await UntilAsync(message, status);
        Assert.Equal(code, ended.GetProperty("error_code").GetInt32());
        Assert.NotNull(ended.GetProperty("error_message").GetString());
    }

    [Fact]
    public async Task Media_are_fetched_before_they_are_passed_on()
    {
        var (_, message) = await WhatsAppAsync(Person("{whatsapp_window_open: true}"), ("Body", "Evidence"), ("MediaUrl", Evidence));
        Assert.StartsWith("MM", message.GetProperty("sid").GetString(), StringComparison.Ordinal);
        await UntilAsync(message, "delivered");
        var (_, list) = await simulator.GetAsync($"/Messages/{message.GetProperty("sid").GetString()}/Media.json");
        Assert.StartsWith("image/", Assert.Single(list.GetProperty("media_list").EnumerateArray()).GetProperty("content_type").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_wrote_stop_gets_nothing_until_they_write_start()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Services.GetRequiredService<NumberSettings>().MessageUrl = app.Url + "/message";
        var person = Person("{}");
        await WriteAsync(person, "stop");
        var (status, body) = await SmsAsync(person);
        Assert.Equal((HttpStatusCode.BadRequest, 21610), (status, body.GetProperty("code").GetInt32()));
        await WriteAsync(person, "START");
        var (after, _) = await SmsAsync(person);
        Assert.Equal(HttpStatusCode.Created, after);

        async Task WriteAsync(string from, string text)
        {
            using var response = await simulator.Control.PostAsJsonAsync("/messages/inbound", new { from, body = text });
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("+15005550001", "+15005550006", 21211)]
    [InlineData("+15005550002", "+15005550006", 21612)]
    [InlineData("+15005550003", "+15005550006", 21408)]
    [InlineData("+15005550004", "+15005550006", 21610)]
    [InlineData("+15005550009", "+15005550006", 21614)]
    [InlineData("+12025550165", "+15005550001", 21212)]
    [InlineData("+12025550165", "+15005550007", 21606)]
    [InlineData("+12025550165", "+15005550008", 21611)]
    [InlineData("0301555", "+15005550006", 21211)]
    [InlineData("whatsapp:+12025550165", "+12025550100", 21910)]
    [InlineData("", "+12025550100", 21604)]
    [InlineData("+12025550165", "", 21603)]
    public async Task Addresses_are_refused_with_the_vendors_code(string to, string from, int code)
    {
        var (status, body) = await simulator.PostAsync("/Messages.json", ("To", to), ("From", from), ("Body", "x"));
        Assert.Equal((HttpStatusCode.BadRequest, code), (status, body.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Content_is_refused_with_the_vendors_code()
    {
        var to = Person("{}");
        Assert.Equal(21602, await CodeAsync());
        Assert.Equal(21617, await CodeAsync(("Body", new string('x', 1601))));
        Assert.Equal(21623, await CodeAsync(("MediaUrl", Evidence), ("MediaUrl", Evidence)));
        Assert.Equal(21620, await CodeAsync(("MediaUrl", "not a url")));
        Assert.Equal(21655, await CodeAsync(("ContentSid", "HX1")));
        Assert.Equal(21656, await CodeAsync(("ContentSid", Template), ("ContentVariables", "[1]")));

        async Task<int> CodeAsync(params (string, string)[] content) => (await WhatsAppAsync(to, content)).Body.GetProperty("code").GetInt32();
    }

    [Fact]
    public async Task A_delivered_message_can_be_emptied_and_not_canceled()
    {
        var (_, message) = await SmsAsync(Person("{}"));
        await UntilAsync(message, "delivered");
        var path = $"/Messages/{message.GetProperty("sid").GetString()}.json";
        Assert.Equal(HttpStatusCode.BadRequest, (await simulator.PostAsync(path, ("Status", "canceled"))).Status);
        Assert.Equal("", (await simulator.PostAsync(path, ("Body", ""))).Body.GetProperty("body").GetString());
        using var deleted = await simulator.Twilio.DeleteAsync(new Uri(SimulatorFixture.AccountPath + path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    string Evidence => $"http://127.0.0.1:{simulator.Ports.Freshdesk}/evidence/CAM-0412-1.jpg";

    string Person(string messaging)
    {
        var number = $"+12025550{Interlocked.Increment(ref nextNumber)}";
        simulator.Phone($"{{number: \"{number}\", messaging: {messaging}}}");
        return number;
    }

    Task<(HttpStatusCode Status, System.Text.Json.JsonElement Body)> SmsAsync(string to) =>
        simulator.PostAsync("/Messages.json", ("To", to), ("From", "+12025550100"), ("Body", "Hello"));

    Task<(HttpStatusCode Status, System.Text.Json.JsonElement Body)> WhatsAppAsync(string to, params (string, string)[] content) =>
        simulator.PostAsync("/Messages.json", [("To", "whatsapp:" + to), ("From", "whatsapp:+12025550100"), .. content]);

    async Task<System.Text.Json.JsonElement> UntilAsync(System.Text.Json.JsonElement message, string status)
    {
        var sid = message.GetProperty("sid").GetString()!;
        await simulator.UntilAsync($"message.{status}", sid);
        return (await simulator.GetAsync($"/Messages/{sid}.json")).Body;
    }
}
