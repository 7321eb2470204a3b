using System.Net.WebSockets;
using System.Text;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class AdmissionTests(SharedRedis redis) : IAsyncLifetime
{
    FakeDeepgram deepgram = null!;
    TestBridge bridge = null!;

    public async ValueTask InitializeAsync()
    {
        deepgram = await FakeDeepgram.StartAsync();
        bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Media:StartTimeoutMs", "400"), ("Capacity:MaxConcurrentCalls", "2"));
    }

    public async ValueTask DisposeAsync()
    {
        await bridge.DisposeAsync();
        await deepgram.DisposeAsync();
    }

    [Fact]
    public async Task A_socket_without_a_start_is_closed_with_the_reason()
    {
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        phone.Run();
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "start-timeout"), await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5)));
        await Eventually.TrueAsync(() => !bridge.Streams.HasSockets, "the place is free");
    }

    [Theory]
    [InlineData(null, "token-missing")]
    [InlineData("nobody-knows-it", "token-unknown")]
    public async Task A_start_without_a_valid_token_is_refused(string? token, string reason)
    {
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.StartAsync(token);
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, reason), await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_token_is_spent_once()
    {
        var session = await bridge.CallAsync();
        var token = await bridge.TokenAsync(session.Call);
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.StartAsync(token);
        await bridge.ToAgentAsync(session.Call, "MediaStarted");
        await using var second = await TestPhone.ConnectAsync(bridge.Url);
        await second.StartAsync(token);
        Assert.Equal("token-unknown", (await second.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
        Assert.False(phone.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_token_of_a_call_that_nobody_knows_is_refused()
    {
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.StartAsync(await bridge.TokenAsync(CallId.Parse("fd-0.1")));
        Assert.Equal("call-unknown", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
    }

    [Theory]
    [InlineData("right", true)]
    [InlineData("wrong", false)]
    [InlineData(null, false)]
    public async Task The_handshakes_signature_must_be_one_of_those_published(string? given, bool admitted)
    {
        var session = await bridge.CallAsync();
        await using var phone = await TestPhone.ConnectAsync(bridge.Url, given);
        await phone.StartAsync(await bridge.TokenAsync(session.Call, "other", "right"));
        if (admitted)
        {
            await bridge.ToAgentAsync(session.Call, "MediaStarted");
        }
        else
        {
            Assert.Equal("signature", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
        }
    }

    [Fact]
    public async Task A_stream_that_is_not_mu_law_is_refused()
    {
        var session = await bridge.CallAsync();
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.SendAsync(phone.StartMessage(await bridge.TokenAsync(session.Call)).Replace("audio/x-mulaw", "audio/l16", StringComparison.Ordinal));
        phone.Run();
        Assert.Contains("mulaw", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_alias_of_the_endpoint_serves_and_a_plain_request_gets_a_problem()
    {
        foreach (var path in (string[])["/media", "/", "/media-stream", "/media-stream/x1", "/connect_call/x1"])
        {
            await using var phone = await TestPhone.ConnectAsync(new Uri(bridge.Url, path));
            await phone.StartAsync(null);
            Assert.Equal("token-missing", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
        }

        using var http = new HttpClient();
        using var plain = await http.GetAsync(new Uri(bridge.Url.ToString().Replace("ws://", "http://", StringComparison.Ordinal)));
        Assert.Equal(400, (int)plain.StatusCode);
        Assert.Equal("application/problem+json", plain.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_full_bridge_refuses_the_handshake()
    {
        await using var first = await bridge.PhoneAsync((await bridge.CallAsync()).Call);
        await using var second = await bridge.PhoneAsync((await bridge.CallAsync()).Call);
        await Eventually.TrueAsync(() => bridge.Streams.Count == 2, "two streams");
        Assert.Equal(0, bridge.Streams.Free);
        await Assert.ThrowsAsync<WebSocketException>(() => TestPhone.ConnectAsync(bridge.Url));
    }

    [Fact]
    public async Task Odd_frames_are_ignored_and_the_call_goes_on()
    {
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        string[] odd =
        [
            "not json", "[]", "{}", "null", """{"event":"surprise"}""", """{"event":"connected"}""", phone.StartMessage("again"),
            """{"event":"media","streamSid":"MZother","media":{"payload":"AQID"}}""",
            $$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":"%%%"}}""",
            $$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":""}}""",
            $$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":"{{{Convert.ToBase64String(new byte[161])}}}"}}""",
            $$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":"{{{Convert.ToBase64String(Enumerable.Repeat((byte)255, 8000).ToArray())}}}"}}""",
            $$$"""{"event":"mark","streamSid":"{{{phone.StreamSid}}}","mark":{"name":"nobody"}}""",
            $$$"""{"event":"mark","streamSid":"{{{phone.StreamSid}}}","mark":{"name":"0-999"}}""",
            $$$"""{"event":"dtmf","streamSid":"{{{phone.StreamSid}}}","dtmf":{"digit":"x"}}""",
        ];
        foreach (var message in odd)
        {
            await phone.SendAsync(message);
        }

        await phone.SendRawAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary);
        await phone.SendRawAsync("""{"event":"""u8.ToArray(), WebSocketMessageType.Text, end: false);
        await phone.SendRawAsync("\"surprise\"}"u8.ToArray(), WebSocketMessageType.Text);
        await agent.SayAsync("Go on.");
        await phone.HeardAsync("Go on.");
    }

    [Fact]
    public async Task Frames_before_start_are_ignored_and_frames_after_stop_too()
    {
        var session = await bridge.CallAsync();
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.SendAsync($$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":"AQID"}}""");
        await phone.StartAsync(await bridge.TokenAsync(session.Call));
        await bridge.ToAgentAsync(session.Call, "MediaStarted");
        await phone.HangUpAsync();
        await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Single(await bridge.ToAgentAsync(session.Call), message => message.Type == "MediaStopped");
    }

    [Fact]
    public async Task A_message_that_cannot_be_twilios_closes_the_socket()
    {
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.SendAsync(new string('x', 100_000));
        await phone.Closed.WaitAsync(TimeSpan.FromSeconds(5));
        await bridge.ToAgentAsync(session.Call, "MediaStopped");
    }

    [Fact]
    public async Task A_backlog_of_twenty_seconds_is_swallowed()
    {
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        var frame = $$$"""{"event":"media","streamSid":"{{{phone.StreamSid}}}","media":{"payload":"{{{Convert.ToBase64String(Enumerable.Repeat((byte)255, 160).ToArray())}}}"}}""";
        for (var i = 0; i < 1000; i++)
        {
            await phone.SendAsync(frame);
        }

        await agent.SayAsync("Go on.");
        await phone.HeardAsync("Go on.");
    }

    [Fact]
    public async Task A_second_stream_of_a_call_takes_over_from_the_first()
    {
        var session = await bridge.CallAsync();
        await using var first = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await using var second = await bridge.PhoneAsync(session.Call);
        Assert.Equal("superseded", (await first.Closed.WaitAsync(TimeSpan.FromSeconds(5))).Reason);
        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
        await Eventually.TrueAsync(async () => await bridge.FieldAsync(session.Call, CallFields.Bridge) == bridge.Id, "the second holds the call");
    }
}
