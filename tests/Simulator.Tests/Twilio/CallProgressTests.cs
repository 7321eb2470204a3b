using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class CallProgressTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Phone = "+12025550160";
    const string Short = "<Response><Pause length='1'/></Response>";

    [Fact]
    public async Task Every_step_of_an_answered_call_is_called_back_in_order_and_signed()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 100ms}""");
        var sid = await DialAsync(app, Short);
        var callbacks = await TakeAsync(app, 4);
        Assert.Equal(["initiated", "ringing", "in-progress", "completed"], callbacks.Select(callback => callback["CallStatus"]));
        Assert.Equal(["0", "1", "2", "3"], callbacks.Select(callback => callback["SequenceNumber"]));
        Assert.All(callbacks, callback =>
        {
            Assert.Equal(sid, callback["CallSid"]);
            Assert.Equal("call-progress-events", callback["CallbackSource"]);
            Assert.EndsWith(" +0000", callback["Timestamp"], StringComparison.Ordinal);
            Assert.Equal(TwilioSignature.Of("simulator", app.Url + "/status", callback.Fields), callback.Signature);
        });
        Assert.Equal("1", callbacks[3]["CallDuration"]);
        Assert.Equal("1", callbacks[3]["Duration"]);
        Assert.False(callbacks[2].Fields.ContainsKey("CallDuration"));
    }

    [Theory]
    [InlineData("busy", "busy")]
    [InlineData("no-answer", "no-answer")]
    [InlineData("failed", "failed")]
    public async Task A_call_that_is_not_answered_ends_in_the_status_that_says_why(string whenCalled, string status)
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 100ms, when_called: {{whenCalled}}}""");
        var sid = await DialAsync(app, Short, ("Timeout", "1"));
        await simulator.UntilAsync($"call.{status}", sid);
        var callbacks = await TakeAsync(app, whenCalled == "failed" ? 2 : 3);
        Assert.Equal(status, callbacks[^1]["CallStatus"]);
        Assert.Equal("0", callbacks[^1]["CallDuration"]);
        var (_, call) = await simulator.GetAsync($"/Calls/{sid}.json");
        Assert.Equal((status, "0"), (call.GetProperty("status").GetString(), call.GetProperty("duration").GetString()));
    }

    [Fact]
    public async Task A_ringing_call_can_be_canceled_and_a_running_one_completed()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 20s}""");
        var ringing = await DialAsync(app, Short);
        await simulator.UntilAsync("call.ringing", ringing);
        await simulator.PostAsync($"/Calls/{ringing}.json", ("Status", "canceled"));
        await simulator.UntilAsync("call.canceled", ringing);
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var running = await DialAsync(app, "<Response><Pause length='60'/></Response>");
        await simulator.UntilAsync("call.in-progress", running);
        var (status, error) = await simulator.PostAsync($"/Calls/{running}.json", ("Status", "canceled"));
        Assert.Equal((400, 21220), ((int)status, error.GetProperty("code").GetInt32()));
        await simulator.PostAsync($"/Calls/{running}.json", ("Status", "completed"));
        await simulator.UntilAsync("call.completed", running);
        var (late, finished) = await simulator.PostAsync($"/Calls/{running}.json", ("Twiml", Short));
        Assert.Equal((400, 21220), ((int)late, finished.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_call_ends_at_its_time_limit()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var sid = await DialAsync(app, "<Response><Pause length='60'/></Response>", ("TimeLimit", "1"));
        await simulator.UntilAsync("call.completed", sid, 5);
        Assert.Equal("the time limit was reached", simulator.Call(sid).EndReason);
    }

    [Theory]
    [InlineData("when_called: person, answered_by_after: 300ms", "Enable", "human")]
    [InlineData("when_called: voicemail, answered_by_after: 300ms", "Enable", "machine_start")]
    [InlineData("when_called: voicemail, voicemail: {greeting: 'Leave word.'}", "DetectMessageEnd", "machine_end_beep")]
    [InlineData("when_called: person, answered_by: fax, answered_by_after: 300ms", "Enable", "fax")]
    public async Task Who_answered_is_posted_while_the_call_runs(string script, string mode, string verdict)
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone("{number: '" + Phone + "', answer_after: 50ms, " + script + "}");
        var sid = await DialAsync(app, "<Response><Pause length='60'/></Response>",
            ("MachineDetection", mode), ("AsyncAmd", "true"), ("AsyncAmdStatusCallback", app.Url + "/amd"));
        var posted = await app.NextAsync("/amd");
        Assert.Equal((sid, verdict), (posted["CallSid"], posted["AnsweredBy"]));
        Assert.True(int.Parse(posted["MachineDetectionDuration"], System.Globalization.CultureInfo.InvariantCulture) > 0);
        await simulator.PostAsync($"/Calls/{sid}.json", ("Status", "completed"));
        await simulator.UntilAsync("call.completed", sid);
    }

    [Fact]
    public async Task Without_async_the_first_request_waits_for_the_verdict()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms, answered_by_after: 300ms}""");
        app.Answer("/voice", "<Response/>");
        await simulator.DialAsync(Phone, ("Url", app.Url + "/voice"), ("MachineDetection", "Enable"));
        Assert.Equal("human", (await app.NextAsync("/voice"))["AnsweredBy"]);
    }

    [Fact]
    public async Task Callbacks_can_be_made_to_come_twice_out_of_order_late_forged_or_not_at_all()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        try
        {
            simulator.Settings.StatusCallbacks = CallbackDelivery.Duplicate;
            await simulator.UntilAsync("call.completed", await DialAsync(app, "<Response/>"));
            var twice = await TakeAsync(app, 8);
            Assert.All(twice.GroupBy(callback => callback["SequenceNumber"]), group => Assert.Equal(2, group.Count()));

            simulator.Settings.StatusCallbacks = CallbackDelivery.OutOfOrder;
            await simulator.UntilAsync("call.completed", await DialAsync(app, "<Response/>"));
            var mixed = await TakeAsync(app, 4);
            Assert.NotEqual(["0", "1", "2", "3"], mixed.Select(callback => callback["SequenceNumber"]));

            simulator.Settings.StatusCallbacks = CallbackDelivery.Late;
            simulator.Settings.CallbacksLateSeconds = 2;
            await simulator.UntilAsync("call.completed", await DialAsync(app, "<Response/>"));
            Assert.Empty(app.Taken("/status"));
            Assert.Equal(["0", "1", "2", "3"], (await TakeAsync(app, 4)).Select(callback => callback["SequenceNumber"]));

            simulator.Settings.StatusCallbacks = CallbackDelivery.Forged;
            await simulator.UntilAsync("call.completed", await DialAsync(app, "<Response/>"));
            Assert.All(await TakeAsync(app, 4), callback =>
                Assert.NotEqual(TwilioSignature.Of("simulator", app.Url + "/status", callback.Fields), callback.Signature));

            simulator.Settings.StatusCallbacks = CallbackDelivery.Missing;
            await simulator.UntilAsync("call.completed", await DialAsync(app, "<Response/>"));
            await Task.Delay(200);
            Assert.Empty(app.Taken("/status"));
        }
        finally
        {
            simulator.Settings.StatusCallbacks = CallbackDelivery.Normal;
            simulator.Settings.CallbacksLateSeconds = 20;
        }
    }

    Task<string> DialAsync(CustomerApp app, string twiml, params (string, string)[] more) => simulator.DialAsync(Phone,
    [
        ("Twiml", twiml), ("StatusCallback", app.Url + "/status"), ("StatusCallbackEvent", "initiated"), ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"), ("StatusCallbackEvent", "completed"), .. more,
    ]);

    static async Task<List<Received>> TakeAsync(CustomerApp app, int count)
    {
        var all = new List<Received>();
        while (all.Count < count)
        {
            all.Add(await app.NextAsync("/status"));
        }

        return all;
    }
}
