using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.TelephonyApi.Webhooks;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Calls;

/// <summary>What the request to dial already says about the answer.</summary>
public sealed class OpeningTests : TelephonyTest
{
    const string Bridge = "wss://media.example.org/media";

    XElement Opening(int dial = 0) => XElement.Parse(Twilio.Dials[dial].Form["Twiml"]);

    static string TokenOf(XElement twiml) => twiml.Descendants("Parameter").Single().Attribute("value")!.Value;

    [Fact]
    public async Task A_dial_carries_the_way_to_a_bridge_so_that_an_answer_needs_no_question()
    {
        await Telephony.AddBridgeAsync("b", 5, Bridge);
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550121", ring: 40);
        await Telephony.OneAsync<CallPlaced>();
        var form = Twilio.Dials.Single().Form;
        Assert.False(form.ContainsKey("Url"), "with a Url Twilio ignores the TwiML");
        Assert.True(form["Twiml"].Length < 4000, "Twilio takes 4,000 characters");
        Assert.Equal("https://calls.example.org/twilio/fallback?call=fd-1.1", form["FallbackUrl"]);

        var twiml = Opening();
        Assert.Equal(["Connect", "Redirect"], twiml.Elements().Select(element => element.Name.LocalName));
        Assert.Equal(Bridge, twiml.Descendants("Stream").Single().Attribute("url")!.Value);
        Assert.Equal("https://calls.example.org/twilio/continue?call=fd-1.1&answer=1", twiml.Element("Redirect")!.Value);
        var key = Keys.StreamToken(TokenOf(twiml));
        Assert.InRange((await Telephony.Redis.SendAsync(["TTL", key])).Number, 90, 100);
        var stands = JsonSerializer.Deserialize((await Telephony.Redis.SendAsync(["GET", key])).Bytes.Span, StateJson.Default.StreamToken)!;
        Assert.Equal(call, stands.Call);
        Assert.Contains(TwilioSignature.Compute(RunningTelephony.Token, Bridge), stands.Signatures);
    }

    [Fact]
    public async Task Where_no_bridge_has_a_place_at_the_dial_Twilio_asks_at_the_answer()
    {
        await Telephony.AddBridgeAsync("full", 0);
        await Telephony.PlaceAsync("fd-1.1", "+12025550121");
        await Telephony.OneAsync<CallPlaced>();
        Assert.Equal("https://calls.example.org/twilio/incoming?call=fd-1.1", Twilio.Dials.Single().Form["Url"]);
        Assert.False(Twilio.Dials.Single().Form.ContainsKey("Twiml"));
    }

    [Fact]
    public async Task A_dial_that_was_put_back_has_cost_the_call_no_stream()
    {
        await Telephony.AddBridgeAsync("b", 5);
        Twilio.NextCreateFails(HttpStatusCode.TooManyRequests, 20429, "Too many requests");
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550121");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        Assert.NotEqual(TokenOf(Opening()), TokenOf(Opening(1)));
        Assert.Equal("0", await Telephony.FieldAsync(call, DialFields.Fruitless));

        // The bridge was full at the answer: the first fruitless answer, not the second one.
        var next = await Telephony.TwimlAsync(new Uri(Opening(1).Element("Redirect")!.Value).PathAndQuery, ("CallSid", sid), ("CallStatus", "in-progress"));
        Assert.Equal(["Say", "Connect", "Redirect"], next.Elements().Select(element => element.Name.LocalName));
        Assert.Equal("1", await Telephony.FieldAsync(call, DialFields.Fruitless));
    }

    [Fact]
    public async Task Many_dials_at_once_spread_over_the_bridges_as_they_have_places()
    {
        await Telephony.AddBridgeAsync("big", 30);
        await Telephony.AddBridgeAsync("small", 10);
        await Telephony.AddBridgeAsync("full", 0);
        var chosen = new List<string>();
        for (var i = 0; i < 400; i++)
        {
            chosen.Add((await Telephony.Get<BridgeChooser>().SpreadAsync(default))!.Id);
        }

        Assert.InRange(chosen.Count(id => id == "big"), 250, 350);
        Assert.DoesNotContain("full", chosen);
    }

    [Fact]
    public async Task What_follows_the_stream_tells_of_the_answer_where_its_report_is_lost()
    {
        await Telephony.AddBridgeAsync("b", 5);
        Twilio.NextAnswerIsLost();
        await Telephony.PlaceAsync("fd-1.1", "+12025550121");
        await Eventually.TrueAsync(() => Twilio.Calls.Count == 1, "Twilio has the call");
        var sid = Twilio.Calls.Keys.Single();
        await Telephony.TwimlAsync(new Uri(Opening().Element("Redirect")!.Value).PathAndQuery, ("CallSid", sid), ("CallStatus", "in-progress"));
        Assert.Equal(sid, (await Telephony.OneAsync<CallPlaced>()).CallSid);
        await Telephony.OneAsync<CallAnswered>();
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task A_session_that_says_keypad_is_not_sent_to_a_bridge()
    {
        await Telephony.AddBridgeAsync("b", 5);
        var call = CallId.Parse("fd-1.1");
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Mode, "keypad"]);
        await Telephony.PlaceAsync("fd-1.1", "+12025550121");
        await Telephony.OneAsync<CallPlaced>();
        Assert.True(Twilio.Dials.Single().Form.ContainsKey("Url"));
    }
}
