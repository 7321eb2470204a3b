using System.Net;
using System.Security.Cryptography;
using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

public sealed class SignatureTests : TelephonyTest
{
    static readonly KeyValuePair<string, string>[] vector =
    [
        new("CallSid", "CA1234567890ABCDE"), new("Caller", "+14158675309"), new("Digits", "1234"), new("From", "+14158675309"), new("To", "+18005551212"),
    ];

    [Fact]
    public void The_public_test_vector_of_Twilios_libraries_is_met() =>
        Assert.Equal("RSOYDt4T1cUTdK1PDd93/VVr8B8=", TwilioSignature.Compute("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", vector));

    [Theory]
    [InlineData("https://mycompany.com/a?b=1", "https://mycompany.com:443/a?b=1")]
    [InlineData("https://mycompany.com:443/a?b=1", "https://mycompany.com/a?b=1")]
    [InlineData("http://mycompany.com/a", "http://mycompany.com:80/a")]
    public void A_default_port_may_be_signed_or_not(string ours, string theirs) =>
        Assert.True(TwilioSignature.IsValid("12345", ours, vector, TwilioSignature.Compute("12345", theirs, vector)));

    [Fact]
    public void A_changed_field_or_a_missing_signature_is_not_valid()
    {
        var signature = TwilioSignature.Compute("12345", "https://a.example/x", vector);
        Assert.False(TwilioSignature.IsValid("12345", "https://a.example/x", [.. vector, new("Extra", "1")], signature));
        Assert.False(TwilioSignature.IsValid("12345", "https://a.example/y", vector, signature));
        Assert.False(TwilioSignature.IsValid("12345", "https://a.example/x", vector, ""));
        Assert.False(TwilioSignature.IsValid("12345", "https://a.example/x", vector, null));
    }

    [Fact]
    public void A_json_body_is_covered_by_its_hash_in_the_url()
    {
        var body = """{"a":1}"""u8.ToArray();
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        Assert.True(TwilioSignature.IsValidBody($"https://a.example/x?call=1&bodySHA256={hash}", body));
        Assert.False(TwilioSignature.IsValidBody($"https://a.example/x?bodySHA256={hash}", """{"a":2}"""u8));
        Assert.False(TwilioSignature.IsValidBody("https://a.example/x", body));
    }

    [Fact]
    public void A_handshake_is_accepted_in_every_spelling_that_Twilio_is_seen_to_sign()
    {
        var accepted = TwilioSignature.OfHandshake("12345", "wss://media.example.org/media");
        Assert.Contains(TwilioSignature.Compute("12345", "wss://media.example.org/media"), accepted);
        Assert.Contains(TwilioSignature.Compute("12345", "wss://media.example.org/media/"), accepted);
        Assert.Contains(TwilioSignature.Compute("12345", "https://media.example.org/media"), accepted);
        Assert.Contains(TwilioSignature.Compute("12345", "wss://media.example.org:443/media"), accepted);
        Assert.Contains(TwilioSignature.Compute("12345", "ws://127.0.0.1:8080/media"), TwilioSignature.OfHandshake("12345", "ws://127.0.0.1:8080/media"));
    }

    [Theory]
    [InlineData("/twilio/incoming")]
    [InlineData("/twilio/continue")]
    [InlineData("/twilio/fallback")]
    [InlineData("/twilio/keypad")]
    [InlineData("/twilio/status")]
    [InlineData("/twilio/amd")]
    [InlineData("/twilio/stream-status")]
    [InlineData("/twilio/message-status")]
    [InlineData("/twilio/message")]
    [InlineData("/twilio/voice")]
    [InlineData("/twilio/transferred")]
    [InlineData("/incoming-call")]
    [InlineData("/incoming_call")]
    [InlineData("/inbound_call")]
    [InlineData("/inbound-call")]
    [InlineData("/twilio-voice")]
    [InlineData("/call_events")]
    [InlineData("/call-status")]
    [InlineData("/events")]
    public async Task Every_route_of_Twilios_refuses_a_forged_request(string route)
    {
        using var forged = await Telephony.TwilioAsync($"{route}?call=fd-1.1", token: "somebody-else's", form: [("CallSid", "CA1"), ("CallStatus", "completed")]);
        Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        Assert.Equal("application/problem+json", forged.Content.Headers.ContentType!.MediaType);
        using var unsigned = await Telephony.Http.PostAsync($"{route}?call=fd-1.1", new FormUrlEncodedContent([new("CallSid", "CA1")]));
        Assert.Equal(HttpStatusCode.Forbidden, unsigned.StatusCode);
    }

    [Fact]
    public async Task A_signed_GET_and_a_signed_json_body_are_taken()
    {
        using var get = new HttpRequestMessage(HttpMethod.Get, "/twilio/incoming?CallSid=CA1&From=%2B12025550123&To=%2B12025550100");
        get.Headers.Add(TwilioSignature.Header, TwilioSignature.Compute(RunningTelephony.Token, RunningTelephony.Public + get.RequestUri));
        using var answer = await Telephony.Http.SendAsync(get);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        var body = """{"CallSid":"CA1"}""";
        var target = $"/twilio/status?call=fd-1.1&bodySHA256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}";
        using var post = new HttpRequestMessage(HttpMethod.Post, target) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        post.Headers.Add(TwilioSignature.Header, TwilioSignature.Compute(RunningTelephony.Token, RunningTelephony.Public + target));
        using var taken = await Telephony.Http.SendAsync(post);
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
    }

    [Fact]
    public async Task A_form_that_cannot_be_read_is_the_senders_fault()
    {
        using var body = new StringContent("--x\r\ngarbage", Encoding.UTF8);
        body.Headers.ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse("multipart/form-data; boundary=x");
        using var answer = await Telephony.Http.PostAsync("/twilio/status", body);
        Assert.InRange((int)answer.StatusCode, 400, 403);
    }

    [Theory]
    [InlineData("/twilio/incoming?call=fd-1.1")]
    [InlineData("/city/twilio/incoming?call=fd-1.1")]
    public async Task Behind_a_proxy_with_a_path_prefix_the_public_url_is_what_counts(string asItArrives)
    {
        await using var prefixed = await StartAsync(("PublicUrls:Telephony", "https://example.org/city"));
        await prefixed.WriteSessionAsync(CallId.Parse("fd-1.1"), "+12025550123");
        using var answer = await prefixed.TwilioAsync(asItArrives, signedUrl: "https://example.org/city/twilio/incoming?call=fd-1.1", form: [("CallSid", "CA1"), ("CallStatus", "in-progress")]);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("https://example.org/city/twilio/", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
