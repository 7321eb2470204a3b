using System.Text.Json;
using System.Xml.Linq;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

public sealed class VoiceTests : TelephonyTest
{
    const string Sid = "CA00000000000000000000000000000009";
    static readonly CallId call = CallId.Parse("fd-1.1");

    async Task<string> PlacedAsync()
    {
        await Telephony.PlaceAsync(call.Value, "+12025550123");
        return (await Telephony.OneAsync<CallPlaced>()).CallSid;
    }

    Task<XElement> IncomingAsync(string sid) => Telephony.TwimlAsync($"/twilio/incoming?call={call}", ("CallSid", sid), ("CallStatus", "in-progress"), ("Direction", "outbound-api"));

    [Fact]
    public async Task An_answered_call_gets_a_stream_to_the_bridge_with_the_most_free_places_and_goes_on_behind_it()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("small", 2, "wss://small.example.org/media");
        await Telephony.AddBridgeAsync("big", 9, "wss://big.example.org/media");
        await Telephony.AddBridgeAsync("draining", 0, "wss://draining.example.org/media");
        await Telephony.Redis.SendAsync(["SADD", Keys.Bridges, "dead"]);
        var twiml = await IncomingAsync(sid);

        var connect = twiml.Element("Connect")!;
        Assert.Null(connect.Attribute("action"));
        var stream = connect.Element("Stream")!;
        Assert.Equal("wss://big.example.org/media", stream.Attribute("url")!.Value);
        Assert.Equal("https://calls.example.org/twilio/stream-status?call=fd-1.1&answer=1", stream.Attribute("statusCallback")!.Value);
        Assert.Equal("https://calls.example.org/twilio/continue?call=fd-1.1&answer=1", twiml.Element("Redirect")!.Value);
        Assert.Equal("POST", twiml.Element("Redirect")!.Attribute("method")!.Value);

        var token = stream.Element("Parameter")!;
        Assert.Equal("token", token.Attribute("name")!.Value);
        var key = Keys.StreamToken(token.Attribute("value")!.Value);
        var ttl = (await Telephony.Redis.SendAsync(["TTL", key])).Number;
        Assert.InRange(ttl, 50, 60);
        var stands = JsonSerializer.Deserialize((await Telephony.Redis.SendAsync(["GETDEL", key])).Bytes.Span, StateJson.Default.StreamToken)!;
        Assert.Equal(call, stands.Call);
        Assert.Contains(TwilioSignature.Compute(RunningTelephony.Token, "wss://big.example.org/media"), stands.Signatures);
        await Telephony.OneAsync<CallAnswered>();
    }

    [Fact]
    public async Task The_first_word_of_an_answered_call_settles_a_dial_whose_answer_was_lost()
    {
        Twilio.NextAnswerIsLost();
        await Telephony.PlaceAsync(call.Value, "+12025550123");
        await Eventually.TrueAsync(() => Twilio.Calls.Count == 1, "Twilio has the call");
        await Telephony.AddBridgeAsync("b", 5);
        Assert.NotNull((await IncomingAsync(Twilio.Calls.Keys.Single())).Element("Connect"));
        Assert.Equal(Twilio.Calls.Keys.Single(), (await Telephony.OneAsync<CallPlaced>()).CallSid);
    }

    [Fact]
    public async Task A_conversation_that_is_over_hangs_up()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.End, "finished"]);
        var twiml = await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=1", ("CallSid", sid));
        Assert.Equal(["Hangup"], twiml.Elements().Select(element => element.Name.LocalName));
    }

    [Fact]
    public async Task A_stream_that_broke_goes_on_with_a_new_token_on_a_live_bridge()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("one", 5, "wss://one.example.org/media");
        var first = (await IncomingAsync(sid)).Descendants("Parameter").Single().Attribute("value")!.Value;
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "one", default);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("one")]);
        await Telephony.AddBridgeAsync("two", 5, "wss://two.example.org/media");
        var twiml = await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=1", ("CallSid", sid));
        Assert.Equal("wss://two.example.org/media", twiml.Descendants("Stream").Single().Attribute("url")!.Value);
        Assert.NotEqual(first, twiml.Descendants("Parameter").Single().Attribute("value")!.Value);
        Assert.EndsWith("answer=2", twiml.Element("Redirect")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_bridge_the_caller_waits_five_times_and_then_the_keypad_takes_over()
    {
        var sid = await PlacedAsync();
        var twiml = await IncomingAsync(sid);
        for (var wait = 1; wait <= 5; wait++)
        {
            Assert.Equal(["Say", "Pause", "Redirect"], twiml.Elements().Select(element => element.Name.LocalName));
            var next = new Uri(twiml.Element("Redirect")!.Value);
            Assert.Contains($"wait={wait}", next.Query, StringComparison.Ordinal);
            twiml = await Telephony.TwimlAsync(next.PathAndQuery, ("CallSid", sid));
        }

        var gather = twiml.Element("Gather")!;
        Assert.Equal("1", gather.Attribute("numDigits")!.Value);
        Assert.Equal("8", gather.Attribute("timeout")!.Value);
        Assert.Contains("Harbour Road", gather.Value, StringComparison.Ordinal);
        Assert.Contains("Press 1 to accept", gather.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bridge_that_comes_back_takes_the_call_over_from_the_keypad()
    {
        var sid = await PlacedAsync();
        var keypad = await Telephony.TwimlAsync($"/twilio/continue?call={call}&wait=5", ("CallSid", sid));
        Assert.NotNull(keypad.Element("Gather"));
        await Telephony.AddBridgeAsync("b", 5);
        var next = new Uri(keypad.Element("Redirect")!.Value);
        Assert.NotNull((await Telephony.TwimlAsync(next.PathAndQuery, ("CallSid", sid))).Element("Connect"));
    }

    [Fact]
    public async Task Streams_that_never_come_about_end_in_keypad_mode_and_not_in_a_circle()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        var twiml = await IncomingAsync(sid);
        for (var i = 0; i < 5 && twiml.Element("Connect") is not null; i++)
        {
            twiml = await Telephony.TwimlAsync(new Uri(twiml.Element("Redirect")!.Value).PathAndQuery, ("CallSid", sid));
        }

        Assert.NotNull(twiml.Element("Gather"));
    }

    [Fact]
    public async Task A_bridge_that_Twilio_could_not_reach_is_not_named_again_while_there_is_another_one()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("unreachable", 9, "wss://unreachable.example.org/media");
        await Telephony.AddBridgeAsync("other", 1, "wss://other.example.org/media");
        var first = await IncomingAsync(sid);
        Assert.Equal("wss://unreachable.example.org/media", first.Descendants("Stream").Single().Attribute("url")!.Value);
        var second = await Telephony.TwimlAsync(new Uri(first.Element("Redirect")!.Value).PathAndQuery, ("CallSid", sid));
        Assert.Equal(["Say", "Connect", "Redirect"], second.Elements().Select(element => element.Name.LocalName));
        Assert.Equal("wss://other.example.org/media", second.Descendants("Stream").Single().Attribute("url")!.Value);
    }

    [Theory]
    [InlineData("1", "accepted")]
    [InlineData("2", "declined")]
    public async Task A_key_is_told_and_confirmed_and_the_call_hangs_up(string digit, string word)
    {
        var sid = await PlacedAsync();
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Mode, "keypad"]);
        var twiml = await IncomingAsync(sid);
        var action = new Uri(twiml.Element("Gather")!.Attribute("action")!.Value);
        var answer = await Telephony.TwimlAsync(action.PathAndQuery, ("CallSid", sid), ("Digits", digit));
        Assert.Contains(word, answer.Element("Say")!.Value, StringComparison.Ordinal);
        Assert.NotNull(answer.Element("Hangup"));
        Assert.Equal(digit, (await Telephony.OneAsync<KeypadPressed>()).Digits);
        Assert.NotNull((await Telephony.TwimlAsync($"/twilio/continue?call={call}", ("CallSid", sid))).Element("Hangup"));
    }

    [Theory]
    [InlineData(IncidentStatus.Withdrawn, "settled")]
    [InlineData(IncidentStatus.Calling, "accepted")]
    public async Task Whoever_accepts_what_has_been_withdrawn_hears_that_nothing_more_is_needed(IncidentStatus status, string word)
    {
        var sid = await PlacedAsync();
        var incident = IncidentId.Parse(call.Root);
        var fields = new IncidentFields("Fire", "12 Harbour Road", null, null, [], null, null);
        var ticket = new TicketSnapshot(1, "v1", "Fire", "", Priority.High, fields, [], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        var state = new IncidentState(incident, ticket, fields, status, DateTimeOffset.UnixEpoch, [], null, [], null);
        await Telephony.Redis.SendAsync(["SET", Keys.Incident(incident), JsonSerializer.SerializeToUtf8Bytes(state, StateJson.Default.IncidentState)]);
        var answer = await Telephony.TwimlAsync($"/twilio/keypad?call={call}&round=1", ("CallSid", sid), ("Digits", "1"));
        Assert.Contains(word, answer.Element("Say")!.Value, StringComparison.Ordinal);
        Assert.NotNull(answer.Element("Hangup"));
        Assert.Equal("1", (await Telephony.OneAsync<KeypadPressed>()).Digits);
    }

    [Fact]
    public async Task Nine_repeats_anything_else_is_no_choice_and_three_silences_are_the_end()
    {
        var sid = await PlacedAsync();
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Mode, "keypad"]);
        var repeated = await Telephony.TwimlAsync($"/twilio/keypad?call={call}&round=2", ("CallSid", sid), ("Digits", "9"));
        Assert.Equal(["Gather", "Redirect"], repeated.Elements().Select(element => element.Name.LocalName));
        var wrong = await Telephony.TwimlAsync($"/twilio/keypad?call={call}&round=1", ("CallSid", sid), ("Digits", "7"));
        Assert.Equal(["Say", "Gather", "Redirect"], wrong.Elements().Select(element => element.Name.LocalName));

        var twiml = await IncomingAsync(sid);
        for (var i = 0; i < 3; i++)
        {
            twiml = await Telephony.TwimlAsync(new Uri(twiml.Element("Redirect")!.Value).PathAndQuery, ("CallSid", sid));
        }

        Assert.Equal(["Say", "Hangup"], twiml.Elements().Select(element => element.Name.LocalName));
        Assert.Empty(await Telephony.PublishedAsync<KeypadPressed>());
    }

    [Fact]
    public async Task A_machine_hears_nothing_of_the_incident_in_keypad_mode()
    {
        var sid = await PlacedAsync();
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Mode, "keypad"]);
        using (await Telephony.TwilioAsync($"/twilio/amd?call={call}", form: [("CallSid", sid), ("AnsweredBy", "machine_end_beep")]))
        {
        }

        Assert.Equal(AnsweredByKind.MachineEnd, (await Telephony.OneAsync<AnsweredBy>()).Kind);
        var twiml = await Telephony.TwimlAsync($"/twilio/continue?call={call}", ("CallSid", sid));
        Assert.DoesNotContain("Harbour", twiml.Value, StringComparison.Ordinal);
        Assert.Contains("call City Monitor back", twiml.Value, StringComparison.Ordinal);
        Assert.NotNull(twiml.Element("Hangup"));
    }

    [Fact]
    public async Task An_answer_before_the_session_is_stored_waits_for_it()
    {
        await Telephony.AddBridgeAsync("b", 5);
        var waits = await IncomingAsync(Sid);
        Assert.Equal(["Say", "Pause", "Redirect"], waits.Elements().Select(element => element.Name.LocalName));
        await Telephony.WriteSessionAsync(call, "+12025550123");
        var next = new Uri(waits.Element("Redirect")!.Value);
        Assert.NotNull((await Telephony.TwimlAsync(next.PathAndQuery, ("CallSid", Sid))).Element("Connect"));
    }

    [Fact]
    public async Task Redis_down_during_a_TwiML_request_is_one_moment_and_then_the_call_goes_on()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        await RedisServer.StopAsync();
        var waits = await IncomingAsync(sid);
        Assert.Equal(["Say", "Pause", "Redirect"], waits.Elements().Select(element => element.Name.LocalName));
        var next = new Uri(waits.Element("Redirect")!.Value);
        Assert.StartsWith("https://calls.example.org/twilio/incoming?call=fd-1.1", next.ToString(), StringComparison.Ordinal);
        await RedisServer.StartAgainAsync();
        XElement twiml;
        do
        {
            twiml = await Telephony.TwimlAsync(next.PathAndQuery, ("CallSid", sid), ("CallStatus", "in-progress"));
        }
        while (twiml.Element("Pause") is not null);
        Assert.NotNull(twiml.Element("Connect"));
    }

    [Fact]
    public async Task A_key_pressed_while_Redis_is_down_is_not_asked_for_again()
    {
        var sid = await PlacedAsync();
        await RedisServer.StopAsync();
        var waits = await Telephony.TwimlAsync($"/twilio/keypad?call={call}&round=1", ("CallSid", sid), ("Digits", "1"));
        var next = new Uri(waits.Element("Redirect")!.Value);
        await RedisServer.StartAgainAsync();
        await Eventually.TrueAsync(async () => (await Telephony.TwimlAsync(next.PathAndQuery, ("CallSid", sid))).Element("Hangup") is not null, "confirmed");
        Assert.Equal("1", (await Telephony.OneAsync<KeypadPressed>()).Digits);
    }

    [Fact]
    public async Task A_lapsed_bridge_moves_its_calls_on_once()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        await IncomingAsync(sid);
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "b", default);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await Eventually.TrueAsync(() => Twilio.Updates.Count == 1, "the call is moved on");
        Assert.Equal("https://calls.example.org/twilio/continue?call=fd-1.1&answer=1", Twilio.Updates[0].Form["Url"]);

        // The next stream is on its way to another bridge: the old name in the call's state moves nothing any more.
        await Telephony.AddBridgeAsync("c", 5);
        Assert.NotNull((await Telephony.TwimlAsync(new Uri(Twilio.Updates[0].Form["Url"]).PathAndQuery, ("CallSid", sid))).Element("Connect"));
        Assert.Empty(await Telephony.Get<DialStore>().LapsedAsync(default));
        Assert.Single(Twilio.Updates);
    }

    [Fact]
    public async Task An_outage_of_Redis_takes_no_call_from_a_bridge_that_lives()
    {
        await using var patient = await StartAsync(("Dialling:BridgeGrace", "00:00:02"));
        await Telephony.DisposeAsync();
        await patient.PlaceAsync(call.Value, "+12025550123");
        var sid = (await patient.OneAsync<CallPlaced>()).CallSid;
        await patient.AddBridgeAsync("b", 5, seconds: 1);
        await patient.TwimlAsync($"/twilio/incoming?call={call}", ("CallSid", sid), ("CallStatus", "in-progress"));
        await patient.Get<CallStore>().BeginStreamAsync(call, "b", default);
        RedisServer.Freeze();
        await Task.Delay(1700);
        RedisServer.Thaw();
        await Eventually.TrueAsync(async () => (await patient.Get<DialStore>().LapsedAsync(default)).Count == 1, "the bridge's sign of life has lapsed");
        await patient.AddBridgeAsync("b", 5);
        await Task.Delay(2200);
        Assert.Empty(Twilio.Updates);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task After_a_stream_error_the_call_is_moved_on_unless_Twilio_asks_by_itself(bool asks, int updates)
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        await IncomingAsync(sid);
        using (await Telephony.TwilioAsync($"/twilio/stream-status?call={call}&answer=1", form: [("CallSid", sid), ("StreamEvent", "stream-error"), ("StreamError", "31903")]))
        {
        }

        if (asks)
        {
            await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=1", ("CallSid", sid));
            await Task.Delay(500);
        }
        else
        {
            await Eventually.TrueAsync(() => Twilio.Updates.Count == 1, "the call is moved on");
        }

        Assert.Equal(updates, Twilio.Updates.Count);
    }

    [Fact]
    public async Task The_fallback_url_goes_on_with_the_call()
    {
        var sid = await PlacedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        var twiml = await Telephony.TwimlAsync($"/twilio/fallback?call={call}", ("CallSid", sid), ("ErrorCode", "11200"), ("ErrorUrl", "https://calls.example.org/twilio/incoming"));
        Assert.NotNull(twiml.Element("Connect"));
    }
}
