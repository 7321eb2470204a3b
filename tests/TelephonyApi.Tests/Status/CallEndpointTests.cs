using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Status;
using CityMonitor.TelephonyApi.Tests.Support;

namespace CityMonitor.TelephonyApi.Tests.Status;

public sealed class CallEndpointTests : TelephonyTest
{
    static readonly CallId call = CallId.Parse("fd-1.1");

    async Task<JsonObject> ReadAsync(string id)
    {
        using var answer = await Telephony.Http.GetAsync($"/call/{id}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
    }

    async Task<string> LiveAsync()
    {
        await Telephony.PlaceAsync(call.Value, "+12025550123");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        await Telephony.AddBridgeAsync("b", 5);
        await Telephony.TwimlAsync($"/twilio/incoming?call={call}", ("CallSid", sid), ("CallStatus", "in-progress"));
        var calls = Telephony.Get<CallStore>();
        await calls.BeginStreamAsync(call, "b", default);
        await calls.AppendTurnAsync(call, new Turn(DateTimeOffset.UtcNow, Speaker.Agent, "Hello, this is the city.", Interrupted: true), default);
        await calls.AppendTurnAsync(call, new Turn(DateTimeOffset.UtcNow, Speaker.Responder, "Who is this?"), default);
        return sid;
    }

    [Fact]
    public async Task A_call_tells_its_state_and_transcript_while_it_goes_on_and_after_it()
    {
        var sid = await LiveAsync();
        var live = await ReadAsync(call.Value);
        Assert.Equal(("in progress", "outbound", sid), ((string)live["state"]!, (string)live["direction"]!, (string)live["callSid"]!));
        Assert.Equal("fd-1", (string)live["incident"]!);
        Assert.Equal("incident-dispatch", (string)live["flow"]!);
        Assert.Equal(["agent: Hello, this is the city.", "caller: Who is this?"], live["transcript"]!.AsArray().Select(turn => $"{turn!["speaker"]}: {turn["text"]}"));
        Assert.True((bool)live["transcript"]![0]!["interrupted"]!);

        await Telephony.StatusAsync(call, sid, "completed");
        await Telephony.DialIsAsync(call, DialStates.Ended);
        var over = await ReadAsync(sid);
        Assert.Equal(("fd-1.1", "ended", "Completed"), ((string)over["conversationId"]!, (string)over["state"]!, (string)over["end"]!));
        Assert.Equal(2, over["transcript"]!.AsArray().Count);
    }

    [Fact]
    public async Task Nothing_in_it_opens_a_stream_a_vendor_or_a_call()
    {
        await LiveAsync();
        var text = (await ReadAsync(call.Value)).ToJsonString();
        Assert.DoesNotContain(RunningTelephony.Token, text, StringComparison.Ordinal);
        Assert.DoesNotContain("+12025550123", text, StringComparison.Ordinal);
        Assert.DoesNotContain("prompt", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("token", text, StringComparison.OrdinalIgnoreCase);
        string[] allowed = ["conversationId", "callSid", "direction", "number", "state", "flow", "engine", "language", "incident", "at", "began", "streams", "bridge", "keypad", "end", "endReason", "transcript"];
        Assert.All(JsonDocument.Parse(text).RootElement.EnumerateObject(), property => Assert.Contains(property.Name, allowed));
    }

    [Fact]
    public async Task An_unknown_call_is_404_and_an_id_that_is_none_is_400_with_the_rule_and_an_example()
    {
        using var unknown = await Telephony.Http.GetAsync("/call/fd-404.1");
        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (unknown.StatusCode, unknown.Content.Headers.ContentType!.MediaType));
        using var unknownSid = await Telephony.Http.GetAsync("/call/CA0123456789abcdef0123456789abcdef");
        Assert.Equal(HttpStatusCode.NotFound, unknownSid.StatusCode);
        foreach (var malformed in new[] { "fd%201", "%2B12025550123", new string('x', 81), "..%2F..%2Fetc" })
        {
            using var answer = await Telephony.Http.GetAsync($"/call/{malformed}");
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("fd-4711.1", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task With_keys_configured_a_call_is_told_only_to_who_has_one()
    {
        await using var closed = await StartAsync(("ApiKeys:Console", "the-console's-key;role=reader"));
        using var without = await closed.Http.GetAsync("/call/fd-404.1");
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/call/fd-404.1");
        request.Headers.Add(ApiKeys.Header, "the-console's-key");
        using var with = await closed.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotFound, with.StatusCode);
    }

    [Fact]
    public async Task Without_Redis_it_says_so()
    {
        await RedisServer.StopAsync();
        using var answer = await Telephony.Http.GetAsync("/call/fd-1.1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }
}
