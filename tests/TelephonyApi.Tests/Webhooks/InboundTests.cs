using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

public sealed class InboundTests : TelephonyTest
{
    const string Sid = "CA00000000000000000000000000000077";
    const string Caller = "+12025550177";
    static readonly CallId call = CallId.Inbound(Sid);

    private protected override (string Key, string Value)[] Settings => [("Dialling:SessionWait", "00:00:03"), ("Dialling:RedisPatience", "00:00:05")];

    static (string, string)[] Form(string from = Caller) =>
        [("CallSid", Sid), ("CallStatus", "ringing"), ("Direction", "inbound"), ("From", from), ("To", "+12025550100")];

    Task<XElement> ComesInAsync(string path = "/twilio/incoming", string from = Caller) => Telephony.TwimlAsync(path, Form(from));

    /// <summary>What AgentWorker does once it is told of the call.</summary>
    async Task WorkAsync(string? transferTo = null)
    {
        await Telephony.OneAsync<CallReceived>();
        var session = new CallSession(
            call, null, "inbound", PhoneNumber.Parse(Caller), "inbound-reception", "cascade", "en-US", "aura", "gpt", "the prompt", "This is the city.", "Please call again.",
            "Nobody can speak with you now.", "Goodbye.", [], [], new CallLimits(900, 30, [], []), TransferTo: transferTo is null ? null : PhoneNumber.Parse(transferTo));
        await Telephony.Get<CallStore>().WriteAsync(call, new Dictionary<string, string> { [CallFields.Session] = JsonSerializer.Serialize(session, StateJson.Default.CallSession) }, default);
    }

    async Task<XElement> AnsweredAsync(string? transferTo = null)
    {
        var asked = ComesInAsync();
        await WorkAsync(transferTo);
        return await asked;
    }

    static string[] Verbs(XElement twiml) => [.. twiml.Elements().Select(element => element.Name.LocalName)];

    static Task<XElement> FollowAsync(RunningTelephony at, XElement waits) => at.TwimlAsync(new Uri(waits.Element("Redirect")!.Value).PathAndQuery, [.. Form().Where(field => field.Item1 != "CallStatus"), ("CallStatus", "in-progress")]);

    /// <summary>Goes where each 'one moment' leads, until something else is said.</summary>
    async Task<XElement> UntilDecidedAsync(XElement twiml, RunningTelephony? at = null)
    {
        for (var round = 0; round < 20 && twiml.Element("Pause") is not null; round++)
        {
            twiml = await FollowAsync(at ?? Telephony, twiml);
        }

        return twiml;
    }

    [Fact]
    public async Task A_call_that_comes_in_rings_until_its_session_is_there_and_then_goes_to_a_bridge_like_any_other()
    {
        await Telephony.AddBridgeAsync("b", 5);
        var twiml = await AnsweredAsync();

        Assert.Equal(["Connect", "Redirect"], Verbs(twiml));
        var parameter = Assert.Single(twiml.Descendants("Parameter"));
        Assert.Equal("token", parameter.Attribute("name")!.Value);
        var stands = JsonSerializer.Deserialize((await Telephony.Redis.SendAsync(["GETDEL", Keys.StreamToken(parameter.Attribute("value")!.Value)])).Bytes.Span, StateJson.Default.StreamToken)!;
        Assert.Equal(call, stands.Call);
        var received = Assert.Single(await Telephony.PublishedAsync<CallReceived>());
        Assert.Equal((Sid, Caller, "+12025550100"), (received.CallSid, received.From?.Value, received.To.Value));
        Assert.NotEqual(-1, (await Telephony.Redis.SendAsync(["ZSCORE", Keys.LiveCalls, call.Value])).IsNull ? -1 : 0);
    }

    [Theory]
    [InlineData("/twilio/voice")]
    [InlineData("/incoming-call")]
    [InlineData("/incoming_call")]
    [InlineData("/inbound_call")]
    [InlineData("/inbound-call")]
    [InlineData("/twilio-voice")]
    public async Task The_paths_of_the_systems_that_this_one_replaces_take_the_same_call(string path)
    {
        await Telephony.AddBridgeAsync("b", 5);
        var asked = ComesInAsync(path);
        await WorkAsync();
        Assert.Equal(["Connect", "Redirect"], Verbs(await asked));

        var fields = Form().Select(field => $"{field.Item1}={Uri.EscapeDataString(field.Item2)}");
        using var get = new HttpRequestMessage(HttpMethod.Get, $"{path}?{string.Join('&', fields)}");
        get.Headers.Add(TwilioSignature.Header, TwilioSignature.Compute(RunningTelephony.Token, RunningTelephony.Public + get.RequestUri));
        using var again = await Telephony.Http.SendAsync(get);
        Assert.Contains("<Connect>", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/call_events")]
    [InlineData("/call-status")]
    [InlineData("/events")]
    public async Task A_call_ends_by_the_report_of_its_number_on_whatever_path_it_comes(string path)
    {
        await Telephony.AddBridgeAsync("b", 5);
        await AnsweredAsync();
        using var answer = await Telephony.TwilioAsync(path, form: [("CallSid", Sid), ("CallStatus", "completed"), ("CallDuration", "12"), ("To", "+12025550100")]);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(CallEnd.Completed, (await Telephony.OneAsync<CallEnded>()).End);
        Assert.True((await Telephony.Redis.SendAsync(["ZSCORE", Keys.LiveCalls, call.Value])).IsNull);
        Assert.Equal(0, (await Telephony.Redis.SendAsync(["EXISTS", Keys.DialNumber(PhoneNumber.Parse(Caller))])).Number);
    }

    [Fact]
    public async Task A_caller_who_hides_their_number_is_answered_too()
    {
        await Telephony.AddBridgeAsync("b", 5);
        var asked = ComesInAsync(from: "anonymous");
        await WorkAsync();
        Assert.Equal(["Connect", "Redirect"], Verbs(await asked));
        Assert.Null((await Telephony.OneAsync<CallReceived>()).From);
    }

    /// <summary>With one place, which another call has.</summary>
    async Task<RunningTelephony> StartFullAsync()
    {
        var full = await StartAsync([.. Settings, ("Capacity:MaxConcurrentCalls", "1")]);
        await full.AddBridgeAsync("b", 5);
        await full.Redis.SendAsync(["ZADD", Keys.LiveCalls, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), "fd-9.1"]);
        await full.Redis.SendAsync(["HSET", Keys.Call(CallId.Parse("fd-9.1")), "dial", "placed", "sid", "CA9"]);
        return full;
    }

    [Fact]
    public async Task A_call_without_a_place_waits_politely_and_gets_the_first_that_is_free()
    {
        await using var full = await StartFullAsync();
        var asked = full.TwimlAsync("/twilio/incoming", Form());
        await WorkAsync();
        var waits = await asked;
        Assert.Equal(["Say", "Pause", "Redirect"], Verbs(waits));
        await full.Redis.SendAsync(["ZREM", Keys.LiveCalls, "fd-9.1"]);
        var twiml = await full.TwimlAsync(new Uri(waits.Element("Redirect")!.Value).PathAndQuery, ("CallSid", Sid), ("CallStatus", "in-progress"));
        Assert.Equal(["Connect", "Redirect"], Verbs(twiml));
    }

    [Fact]
    public async Task A_call_that_gets_no_place_is_told_that_somebody_calls_back_and_is_recorded()
    {
        await using var full = await StartFullAsync();
        var asked = full.TwimlAsync("/twilio/incoming", Form());
        await WorkAsync();
        var twiml = await UntilDecidedAsync(await asked, full);
        Assert.Equal(["Say", "Hangup"], Verbs(twiml));
        Assert.Contains("somebody will call you back", twiml.Value, StringComparison.Ordinal);
        Assert.Contains("emergency number", twiml.Value, StringComparison.Ordinal);
        await Telephony.OneAsync<AuditEntry>(entry => entry.Kind == "call.missed");
        Assert.Single(await Telephony.PublishedAsync<CallReceived>());
    }

    [Fact]
    public async Task Without_a_worker_the_caller_hears_sentences_and_never_silence()
    {
        await using var alone = await StartAsync(("Dialling:SessionWait", "00:00:00.100"));
        await alone.AddBridgeAsync("b", 5);
        var twiml = await alone.TwimlAsync("/twilio/incoming", Form());
        Assert.Equal(["Say", "Pause", "Redirect"], Verbs(twiml));
        twiml = await UntilDecidedAsync(twiml, alone);
        Assert.Equal(["Say", "Hangup"], Verbs(twiml));
        Assert.Contains("somebody will call you back", twiml.Value, StringComparison.Ordinal);
        Assert.Single(await Telephony.PublishedAsync<CallReceived>());
    }

    [Fact]
    public async Task Without_a_bridge_the_caller_is_put_through_to_a_person_and_else_told_that_somebody_calls_back()
    {
        var twiml = await UntilDecidedAsync(await AnsweredAsync(transferTo: "+12025550190"));
        Assert.Equal(["Say", "Dial"], Verbs(twiml));
        Assert.Equal("+12025550190", twiml.Element("Dial")!.Element("Number")!.Value);
        var after = await Telephony.TwimlAsync(new Uri(twiml.Element("Dial")!.Attribute("action")!.Value).PathAndQuery, ("CallSid", Sid), ("CallStatus", "in-progress"), ("DialCallStatus", "no-answer"));
        after = await UntilDecidedAsync(after);
        Assert.Equal(["Say", "Hangup"], Verbs(after));
        Assert.Contains("Nobody can speak with you now.", after.Value, StringComparison.Ordinal);
        Assert.False((await Telephony.OneAsync<TransferEnded>()).Connected);
        await Telephony.OneAsync<AuditEntry>(entry => entry.Kind == "call.missed");
    }

    [Fact]
    public async Task Redis_down_when_a_call_comes_in_is_one_moment_and_then_it_is_answered()
    {
        await using var hasty = await StartAsync(("Dialling:RedisPatience", "00:00:00.300"), ("Dialling:SessionWait", "00:00:00.200"));
        await RedisServer.StopAsync();
        var twiml = await hasty.TwimlAsync("/inbound_call", Form());
        Assert.Equal(["Say", "Pause", "Redirect"], Verbs(twiml));
        await RedisServer.StartAgainAsync();
        await Telephony.AddBridgeAsync("b", 5);
        var answered = UntilDecidedAsync(twiml);
        await WorkAsync();
        Assert.Equal(["Connect", "Redirect"], Verbs(await answered));
    }

    [Fact]
    public async Task A_caller_is_put_through_to_a_person_and_comes_back_where_nobody_answers()
    {
        await Telephony.AddBridgeAsync("b", 5);
        await AnsweredAsync(transferTo: "+12025550190");
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Stream, 1, CallFields.End, CallFields.EndedByTransfer]);
        var dials = await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=1", ("CallSid", Sid), ("CallStatus", "in-progress"));
        Assert.Equal(["Dial"], Verbs(dials));
        Assert.Equal("+12025550190", dials.Element("Dial")!.Element("Number")!.Value);

        var action = new Uri(dials.Element("Dial")!.Attribute("action")!.Value).PathAndQuery;
        var back = await Telephony.TwimlAsync(action, ("CallSid", Sid), ("CallStatus", "in-progress"), ("DialCallStatus", "busy"));
        Assert.Equal(["Connect", "Redirect"], Verbs(back));
        Assert.Equal((false, "busy"), await Telephony.OneAsync<TransferEnded>() is { } ended ? (ended.Connected, ended.Status) : default);

        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Stream, 2, CallFields.End, CallFields.EndedByTransfer]);
        dials = await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=2", ("CallSid", Sid), ("CallStatus", "in-progress"));
        var over = await Telephony.TwimlAsync(new Uri(dials.Element("Dial")!.Attribute("action")!.Value).PathAndQuery, ("CallSid", Sid), ("CallStatus", "in-progress"), ("DialCallStatus", "completed"));
        Assert.Equal(["Say", "Hangup"], Verbs(over));
        Assert.True((await Telephony.OneAsync<TransferEnded>(m => m.Connected)).Connected);
        Assert.Equal(["Hangup"], Verbs(await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=2", ("CallSid", Sid))));
    }

    [Fact]
    public async Task A_call_whose_bridge_lapses_is_moved_on_like_any_other()
    {
        await Telephony.AddBridgeAsync("frozen", 5, seconds: 1);
        await AnsweredAsync();
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), CallFields.Stream, 1, CallFields.Bridge, "frozen"]);
        await Eventually.TrueAsync(() => Twilio.Updates.Any(update => update.Path.Contains(Sid, StringComparison.Ordinal)), "Twilio is told to ask again");
        Assert.Contains($"/twilio/continue?call={call}", Twilio.Updates[0].Form["Url"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_dialled_who_is_on_the_phone_with_us()
    {
        await Telephony.AddBridgeAsync("b", 5);
        await AnsweredAsync();
        var other = await Telephony.PlaceAsync("fd-1.1", Caller);
        await Telephony.PlaceAsync("fd-2.1", "+12025550178");
        await Telephony.DialIsAsync(CallId.Parse("fd-2.1"), DialStates.Placed);
        Assert.Equal(DialStates.Queued, await Telephony.FieldAsync(other, CallFields.Dial));
        await Telephony.StatusAsync(call, Sid, "completed");
        await Telephony.DialIsAsync(other, DialStates.Placed);
    }

    [Fact]
    public async Task A_responder_who_calls_back_gets_the_call_of_their_incident_where_its_worker_says_so()
    {
        await Telephony.AddBridgeAsync("b", 5);
        await OpenIncidentAsync(IncidentStatus.Calling);
        await Telephony.Redis.SendAsync(["SET", Keys.DialNumber(PhoneNumber.Parse(Caller)), "fd-7.1"]); // ours rings still
        var asked = ComesInAsync();
        var called = await Telephony.OneAsync<ResponderCalled>();
        Assert.Equal(("fd-7", Sid, Caller), (called.Incident.Value, called.CallSid, called.From.Value));
        var second = CallId.Parse("fd-7.2");
        await Telephony.WriteSessionAsync(second, Caller);
        Twilio.Calls[Sid] = FakeTwilio.CallOf(Sid, "+12025550100", Caller, "in-progress");
        await Telephony.PublishAsync(new AnswerCall(second, Sid, PhoneNumber.Parse(Caller)));
        var twiml = await asked;
        Assert.Equal(["Connect", "Redirect"], Verbs(twiml));
        Assert.Contains("call=fd-7.2", twiml.Element("Redirect")!.Value, StringComparison.Ordinal);
        Assert.Equal("fd-7.2", (await Telephony.Redis.SendAsync(["GET", Keys.DialNumber(PhoneNumber.Parse(Caller))])).Text);
        Assert.Empty(await Telephony.PublishedAsync<CallReceived>());
    }

    [Fact]
    public async Task A_call_back_that_no_worker_decides_about_is_the_receptions_and_stays_it()
    {
        await using var hasty = await StartAsync(("Dialling:SessionWait", "00:00:01"), ("Dialling:RedisPatience", "00:00:02"));
        await hasty.AddBridgeAsync("b", 5);
        await OpenIncidentAsync(IncidentStatus.Unreachable);
        var waits = await hasty.TwimlAsync("/twilio/incoming", Form());
        Assert.Equal(["Say", "Pause", "Redirect"], Verbs(waits));
        var decided = UntilDecidedAsync(waits, hasty);
        await WorkAsync();
        Assert.Equal(["Connect", "Redirect"], Verbs(await decided));

        // The incident's worker comes back and would have the call: it is told that somebody else has it.
        await Telephony.PublishAsync(new AnswerCall(CallId.Parse("fd-7.2"), Sid, PhoneNumber.Parse(Caller)));
        Assert.Equal(CallEnd.Canceled, (await Telephony.OneAsync<CallEnded>(m => m.Call.Value == "fd-7.2")).End);
        Assert.Equal(call.Value, (await Telephony.Redis.SendAsync(["GET", Keys.CallOfSid(Sid)])).Text);
    }

    [Fact]
    public async Task A_call_back_that_was_hung_up_while_it_was_decided_about_ends()
    {
        Twilio.Calls[Sid] = FakeTwilio.CallOf(Sid, "+12025550100", Caller, "completed");
        await Telephony.PublishAsync(new AnswerCall(CallId.Parse("fd-7.2"), Sid, PhoneNumber.Parse(Caller)));
        Assert.Equal(CallEnd.Completed, (await Telephony.OneAsync<CallEnded>(m => m.Call.Value == "fd-7.2")).End);
    }

    async Task OpenIncidentAsync(IncidentStatus status)
    {
        var id = IncidentId.Parse("fd-7");
        var fields = new IncidentFields("Fire", "12 Harbour Road", PhoneNumber.Parse(Caller), null, [], null, null);
        var ticket = new TicketSnapshot(7, "v", "Fire", "Fire", Priority.High, fields, [], DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var state = new IncidentState(id, ticket, fields, status, DateTimeOffset.UtcNow, [], null, [], null);
        await Telephony.Redis.SendAsync(["SET", Keys.Incident(id), JsonSerializer.SerializeToUtf8Bytes(state, StateJson.Default.IncidentState)]);
        await Telephony.Redis.SendAsync(["SET", Keys.IncidentOfNumber(PhoneNumber.Parse(Caller)), id.Value]);
    }
}
