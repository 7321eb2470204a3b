using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class TwimlTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Phone = "+12025550142";
    const string Listens = $$"""{number: "{{Phone}}", answer_after: 50ms}""";
    const string PressesOne = $$"""{number: "{{Phone}}", answer_after: 50ms, patience: 200ms, lines: [{on: "press 1", press: "1", delay: 100ms}]}""";

    [Fact]
    public async Task The_instructions_are_asked_for_with_a_signature_and_followed_from_document_to_document()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone(Listens);
        app.Answer("/first", "<Response><Say>One</Say><Pause length='1'/><Redirect method='GET'>next?x=1</Redirect><Say>Never</Say></Response>");
        app.Answer("/next", "<Response><Say>Two</Say><Hangup/><Say>Never</Say></Response>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/first"));
        var first = await app.NextAsync("/first");
        Assert.Equal(sid, first["CallSid"]);
        Assert.Equal("in-progress", first["CallStatus"]);
        Assert.Equal("outbound-api", first["Direction"]);
        Assert.Equal((Phone, "+12025550100", "2010-04-01"), (first["Called"], first["Caller"], first["ApiVersion"]));
        Assert.Equal(TwilioSignature.Of("simulator", app.Url + "/first", first.Fields), first.Signature);
        Assert.NotNull(first.IdempotencyToken);
        var next = await app.NextAsync("/next");
        Assert.Equal(("1", sid), (next["x"], next["CallSid"]));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("One Two", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task A_url_is_signed_with_its_escapes_as_it_goes_out()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        app.Answer("/first", "<Response><Redirect>/next?x=%C3%A9&amp;y=a%20b</Redirect></Response>");
        app.Answer("/next", "<Response><Say>Fire<break time='100ms'/>now</Say></Response>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/first"));
        var next = await app.NextAsync("/next");
        Assert.Equal(TwilioSignature.Of("simulator", app.Url + "/next?x=%C3%A9&y=a%20b", next.Fields), next.Signature);
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Fire now", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task Keys_are_gathered_while_the_prompt_is_spoken_and_taken_to_the_action()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone(PressesOne);
        app.Answer("/menu", "<Response><Gather numDigits='1' action='/choice'><Say>To accept, press 1.</Say><Pause length='9'/></Gather><Say>None</Say></Response>");
        app.Answer("/choice", request => $"<Response><Say>You pressed {request["Digits"]}.</Say></Response>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/menu"));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal("To accept, press 1. You pressed 1.", call.Heard.Heard);
        Assert.Equal("1", call.Heard.DigitsPressed);
    }

    [Fact]
    public async Task Without_a_key_the_next_verb_runs_and_a_finishing_key_ends_the_wait()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms, patience: 200ms, lines: [{on: "pin", press: "42#", delay: 100ms}]}""");
        app.Answer("/menu", "<Response><Gather timeout='1' action='/never'/><Gather timeout='30' action='/pin'><Say>pin</Say></Gather></Response>");
        app.Answer("/pin", "<Response/>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/menu"));
        Assert.Equal("42", (await app.NextAsync("/pin"))["Digits"]);
        await simulator.UntilAsync("call.completed", sid);
        Assert.Empty(app.Taken("/never"));
    }

    [Fact]
    public async Task Speech_is_gathered_from_what_the_phone_really_said()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms, patience: 200ms, lines: [{on: "accept", say: "Yes, I do.", delay: 100ms}]}""");
        app.Answer("/ask", "<Response><Gather input='speech dtmf' action='/said'><Say>Do you accept?</Say></Gather></Response>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/ask"));
        Assert.Equal("Yes, I do.", (await app.NextAsync("/said"))["SpeechResult"]);
        await simulator.UntilAsync("call.completed", sid);
    }

    [Fact]
    public async Task Digits_are_played_to_the_phone()
    {
        simulator.Phone(Listens);
        var sid = await simulator.DialAsync(Phone, ("Twiml", "<Response><Play digits='12w#'/></Response>"), ("SendDigits", "ww9"));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("912#", simulator.Call(sid).Heard.DigitsHeard);
    }

    [Theory]
    [InlineData("<Response><Say>open", 200, "text/xml", 12100)]
    [InlineData("<html/>", 200, "text/xml", 12100)]
    [InlineData("", 200, "text/xml", 12100)]
    [InlineData("{}", 200, "application/json", 12300)]
    [InlineData("<Response/>", 500, "text/xml", 11200)]
    [InlineData("<Response/>", 404, "text/xml", 11200)]
    public async Task What_is_no_document_is_an_error_on_the_call_an_apology_and_the_end(string body, int status, string contentType, int code)
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone(Listens);
        app.Fail("/broken", status, body, contentType);
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/broken"));
        await simulator.UntilAsync("twilio.error", sid);
        await simulator.PostAsync($"/Calls/{sid}.json", ("Status", "completed"));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal(code, Assert.Single(call.Errors).Code);
        Assert.Contains(call.History, entry => entry.What == "application error");
    }

    [Fact]
    public async Task An_unreachable_application_is_error_11205_and_the_apology_is_heard()
    {
        simulator.Phone(Listens);
        var sid = await simulator.DialAsync(Phone, ("Url", "http://127.0.0.1:1/voice"));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal(11205, Assert.Single(call.Errors).Code);
        Assert.Equal("We are sorry, an application error has occurred. Goodbye.", call.Heard.Heard);
    }

    [Fact]
    public async Task The_fallback_is_asked_when_the_instructions_fail()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone(Listens);
        app.Fail("/voice", 503);
        app.Answer("/fallback", "<Response><Say>Please hold</Say></Response>");
        var sid = await simulator.DialAsync(Phone, ("Url", app.Url + "/voice"), ("FallbackUrl", app.Url + "/fallback"));
        var asked = await app.NextAsync("/fallback");
        Assert.Equal(("11200", app.Url + "/voice"), (asked["ErrorCode"], asked["ErrorUrl"]));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Please hold", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task An_update_replaces_what_runs_at_once()
    {
        simulator.Phone(Listens);
        var sid = await simulator.DialAsync(Phone, ("Twiml", "<Response><Pause length='60'/></Response>"));
        await simulator.UntilAsync("call.in-progress", sid);
        await simulator.PostAsync($"/Calls/{sid}.json", ("Twiml", "<Response><Say>New</Say></Response>"));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("New", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task A_verb_that_is_not_simulated_is_skipped_and_reported()
    {
        simulator.Phone(Listens);
        var sid = await simulator.DialAsync(Phone, ("Twiml", "<Response><Pay/><Say>On</Say></Response>"));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal("On", call.Heard.Heard);
        Assert.Equal(12200, Assert.Single(call.Errors).Code);
    }
}
