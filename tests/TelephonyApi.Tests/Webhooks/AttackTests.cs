using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

/// <summary>What somebody who is not Twilio or Freshdesk can send to the public HTTP side, what they get, and which counter says so.</summary>
public sealed class AttackTests : TelephonyTest
{
    const string Key = "the-automation's-key";

    readonly Counted refused = new("citymonitor.http.refused_requests", "reason");
    readonly Counted notTaken = new("citymonitor.telephony.refused_requests", "reason");

    static async Task ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.DoesNotContain(" at CityMonitor", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    static HttpRequestMessage Signed(string target, IReadOnlyList<KeyValuePair<string, string>> fields, string? signature = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.TryAddWithoutValidation(TwilioSignature.Header, signature ?? TwilioSignature.Compute(RunningTelephony.Token, RunningTelephony.Public + target, fields));
        return request;
    }

    [Fact]
    public async Task A_signature_of_one_request_is_worth_nothing_on_another()
    {
        KeyValuePair<string, string>[] seen = [new("CallSid", "CA1"), new("CallStatus", "ringing")];
        var signature = TwilioSignature.Compute(RunningTelephony.Token, $"{RunningTelephony.Public}/twilio/status?call=fd-1.1", seen);
        foreach (var (target, fields) in ((string, KeyValuePair<string, string>[])[])
        [
            ("/twilio/status?call=fd-2.1", seen),
            ("/twilio/status?call=fd-1.1&x=", seen),
            ("/twilio/keypad?call=fd-1.1", seen),
            ("/twilio/status?call=fd-1.1", [new("CallSid", "CA1"), new("CallStatus", "completed")]),
            ("/twilio/status?call=fd-1.1", [.. seen, new("Digits", "1")]),
            ("/twilio/status?call=fd-1.1", []),
        ])
        {
            using var request = Signed(target, fields, signature);
            using var response = await Telephony.Http.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.Forbidden);
        }

        Assert.True(notTaken["signature"] >= 6 && refused["forbidden"] >= 6, $"{notTaken}; {refused}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("RSOYDt4T1cUTdK1PDd93/VVr8B8=, RSOYDt4T1cUTdK1PDd93/VVr8B8=")]
    [InlineData("not base64 at all \u007f")]
    public async Task A_signature_that_is_none_is_refused_like_a_wrong_one(string signature)
    {
        using var request = Signed("/twilio/incoming?call=fd-1.1", [new("CallSid", "CA1")], signature);
        using var response = await Telephony.Http.SendAsync(request);
        await ProblemAsync(response, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_recorded_end_of_a_call_played_again_tells_nothing_new()
    {
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        await Telephony.DialIsAsync(call, "placed");
        var sid = (await Telephony.FieldAsync(call, CallFields.Sid))!;
        for (var i = 0; i < 5; i++)
        {
            await Telephony.StatusAsync(call, sid, "completed", ("CallDuration", "3"));
            await Telephony.StatusAsync(call, sid, "in-progress");
        }

        await Telephony.OneAsync<CallEnded>();
        Assert.Single(await Telephony.PublishedAsync<CallEnded>());
        Assert.Equal("ended", await Telephony.FieldAsync(call, CallFields.Dial));
        Assert.True(notTaken["stale"] >= 9, $"{notTaken}");
    }

    [Fact]
    public async Task A_recorded_answer_played_again_after_the_call_gets_no_stream_and_no_token()
    {
        await Telephony.AddBridgeAsync("b1", 10);
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        await Telephony.DialIsAsync(call, "placed");
        var sid = (await Telephony.FieldAsync(call, CallFields.Sid))!;
        (string, string)[] recorded = [("CallSid", sid), ("CallStatus", "in-progress")];
        Assert.NotNull((await Telephony.TwimlAsync($"/twilio/incoming?call={call}", recorded)).Element("Connect"));
        await Telephony.StatusAsync(call, sid, "completed");
        await Telephony.OneAsync<CallEnded>();

        foreach (var route in (string[])["incoming", "continue", "fallback"])
        {
            var twiml = await Telephony.TwimlAsync($"/twilio/{route}?call={call}", recorded);
            Assert.Equal("Hangup", Assert.Single(twiml.Elements()).Name.LocalName);
        }

        Assert.True(notTaken["stale"] > 0, $"{notTaken}");
    }

    [Fact]
    public async Task A_recorded_message_played_again_counts_once()
    {
        var incident = IncidentId.Parse("fd-1");
        await Telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 1), incident, PhoneNumber.Parse("+12025550123"), Channel.WhatsApp, "Fire.", [], null));
        await Eventually.TrueAsync(() => Twilio.Sends.Count == 1, "the number belongs to the incident");
        for (var i = 0; i < 4; i++)
        {
            await Telephony.TwimlAsync("/twilio/message", ("MessageSid", "SM1"), ("From", "whatsapp:+12025550123"), ("To", "whatsapp:+12025550101"), ("Body", "On my way"), ("NumMedia", "0"));
        }

        await Telephony.TwimlAsync("/twilio/message", ("MessageSid", "SM2"), ("From", "whatsapp:+12025550123"), ("To", "whatsapp:+12025550101"), ("Body", "On my way"), ("NumMedia", "0"));
        Assert.Equal(2, (await Telephony.PublishedAsync<MessageReceived>()).Count);
        Assert.True(notTaken["replayed"] >= 3, $"{notTaken}");
    }

    [Theory]
    [InlineData("/twilio/status", "application/x-www-form-urlencoded")]
    [InlineData("/twilio/incoming", "application/json")]
    [InlineData("/freshdesk/ticket", "application/json")]
    [InlineData("/freshdesk/ticket", "application/x-www-form-urlencoded")]
    public async Task A_body_that_is_too_large_is_refused_as_such(string route, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = new StringContent("a=" + new string('x', 2_000_000), Encoding.ASCII, type) };
        request.Headers.Add("X-City-Monitor-Key", Key);
        request.Headers.ExpectContinue = true; // the answer comes before the body does
        using var response = await Telephony.Http.SendAsync(request);
        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
        Assert.True(refused["too-large"] > 0, $"{refused}");
    }

    [Theory]
    [InlineData("POST /freshdesk/ticket HTTP/1.1\r\nHost: x\r\nX-City-Monitor-Key: the-automation's-key\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")]
    [InlineData("POST /twilio/status HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\na=")]
    public async Task A_body_that_dribbles_in_is_given_up(string head)
    {
        var answer = await DribbleAsync(head);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
        Assert.True(refused["too-slow"] > 0, $"{refused}");
    }

    [Fact]
    public async Task Headers_that_dribble_in_end_the_connection()
    {
        using var closed = new Counted("kestrel.connection.duration", "error.type");
        Assert.StartsWith("HTTP/1.1 408", await DribbleAsync("POST /twilio/status HTTP/1.1\r\nHost: x\r\nX-A: "), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => closed["request_headers_timeout"] > 0, $"counted: {closed}");
    }

    async Task<string> DribbleAsync(string head)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Telephony.Http.BaseAddress!.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        var answer = new byte[4096];
        var reading = stream.ReadAsync(answer).AsTask();
        for (var i = 0; i < 200 && !reading.IsCompleted; i++)
        {
            await stream.WriteAsync("x"u8.ToArray());
            await Task.WhenAny(reading, Task.Delay(100));
        }

        return Encoding.ASCII.GetString(answer, 0, await reading.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Guessed_keys_are_refused_and_counted()
    {
        await using var guarded = await StartAsync(("ApiKeys:duty", "the-officer's-key"));
        foreach (var guess in (string[])["", "the-officer's-ke", "THE-OFFICER'S-KEY", Key, "sha256:00", "duty"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/status");
            request.Headers.TryAddWithoutValidation("X-Api-Key", guess);
            using var response = await guarded.Http.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.Unauthorized);
        }

        Assert.True(refused["key"] >= 6, $"{refused}");
        foreach (var guess in (string[])["", "the-officer's-key", Key.ToUpperInvariant()])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/freshdesk/ticket") { Content = new StringContent("""{"ticket_id":1}""", Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation("X-City-Monitor-Key", guess);
            using var response = await Telephony.Http.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.Unauthorized);
        }

        Assert.True(notTaken["freshdesk-key"] >= 3, $"{notTaken}");
        Assert.Empty(await Telephony.PublishedAsync<TicketTouched>());
    }

    [Fact]
    public async Task A_flood_is_told_to_wait()
    {
        var answers = new List<HttpStatusCode>();
        for (var batch = 0; batch < 40 && !answers.Contains(HttpStatusCode.TooManyRequests); batch++)
        {
            var responses = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Telephony.Http.GetAsync("/")));
            answers.AddRange(responses.Select(response => response.StatusCode));
            Array.ForEach(responses, response => response.Dispose());
        }

        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.True(refused["rate"] > 0, $"{refused}");
        Assert.NotNull(await Telephony.TwimlAsync("/twilio/continue?call=fd-9.1", ("CallSid", "CA1"))); // a live call's webhooks are not in that bucket
    }

    public static TheoryData<string, string> Bodies => new()
    {
        { "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends" },
        { "multipart/form-data", "--x\r\n" },
        { "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"ticket_id\"; filename=\"a\"\r\n\r\n1\r\n--x--\r\n" },
        { "application/x-www-form-urlencoded", string.Join('&', Enumerable.Range(0, 3000).Select(i => $"k{i}=1")) },
        { "application/x-www-form-urlencoded", new string('k', 5000) + "=1" },
        { "application/x-www-form-urlencoded; charset=nonsense", "ticket_id=%ff%00" },
        { "application/json", "{\"ticket_id\":\"\\ud800\"}" },
        { "application/json", new string('[', 5000) },
        { "application/json; charset=utf-16", "{}" },
        { "application/json", "{\"ticket_id\":1e400}" },
        { "application/json", "{\"ticket_id\":99999999999999999999999}" },
        { "text/xml", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_malformed_body_is_the_senders_fault(string type, string body)
    {
        foreach (var route in (string[])["/freshdesk/ticket", "/twilio/status?call=fd-1.1", "/twilio/incoming", "/twilio/message"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body)) };
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            request.Headers.Add("X-City-Monitor-Key", Key);
            using var response = await Telephony.Http.SendAsync(request);
            Assert.InRange((int)response.StatusCode, 400, 415);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }

        Assert.True(refused["malformed"] + refused["media-type"] + refused["forbidden"] >= 4, $"{refused}");
        Assert.Empty(await Telephony.PublishedAsync<TicketTouched>());
    }

    /// <summary>Signed, so that it reaches everything behind the signature: any of Twilio's fields with any content.</summary>
    [Fact]
    public async Task No_content_of_a_signed_request_breaks_a_route()
    {
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        await Telephony.DialIsAsync(call, "placed");
        string[] routes = ["incoming", "continue", "fallback", "keypad", "status", "amd", "stream-status", "message-status", "message"];
        string[] names = ["CallSid", "CallStatus", "From", "To", "Digits", "AnsweredBy", "StreamEvent", "StreamError", "MessageSid", "MessageStatus", "ErrorCode", "Body", "NumMedia", "MediaUrl0", "CallDuration", "SipResponseCode", "Timestamp", "SequenceNumber"];
        string[] values =
        [
            "", "completed", "in-progress", "human", "machine_end_beep", "stream-error", "1", "9", "-1", "2147483648", "99999999999999999999", "CA1", "+12025550123", "whatsapp:+12025550123",
            "null", "\0", "\ud83d\ude00", "\u202e", "'; DROP TABLE calls; --", "<Response><Dial>+12025550199</Dial></Response>", "{\"a\":1}", "%00%ff", "../../etc/passwd", new string('9', 3000), "\r\nX-Injected: 1",
        ];
        string[] queries = ["", "?call=fd-1.1", "?call=fd-1.1&answer=1&wait=2&round=3", "?call=%00", "?call=fd-1.1&call=fd-2.1", "?call=..%2F..", "?message=fd-1.m1&part=7", "?message=%ff", "?wait=999999999999&redis=50", "?answer=-1"];
        var cases = from route in Gen.Elements(routes)
                    from query in Gen.Elements(queries)
                    from fields in Gen.ListOf(Gen.Elements(names).Zip(Gen.OneOf(Gen.Elements(values), ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""))), 5)
                    select ($"/twilio/{route}{query}", fields.DistinctBy(field => field.Item1).Select(field => KeyValuePair.Create(field.Item1, Sendable(field.Item2))).ToList());
        foreach (var chunk in Enumerable.Range(0, Effort.RealCases / 1000).SelectMany(_ => cases.Sample(1000, 100)).Chunk(20))
        {
            await Task.WhenAll(chunk.Select(async one =>
            {
                using var request = Signed(one.Item1, one.Item2);
                using var response = await Telephony.Http.SendAsync(request);
                var text = await response.Content.ReadAsStringAsync();
                // A zero byte is the one thing that no form may hold.
                var malformed = one.Item2.Exists(field => field.Value.Contains('\0', StringComparison.Ordinal));
                Assert.True(malformed ? response.StatusCode == HttpStatusCode.BadRequest : response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent, $"{response.StatusCode} for {one.Item1} {string.Join('&', one.Item2)}: {text}");
                Assert.DoesNotContain("+12025550199", text, StringComparison.Ordinal);
            }));
        }

        // Half a surrogate pair cannot be sent as UTF-8: it is replaced on the way, as any client would.
        static string Sendable(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}
