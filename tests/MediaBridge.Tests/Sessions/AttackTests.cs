using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.MediaBridge.Tests.Sessions;

/// <summary>What somebody who is not Twilio can do to the media socket, what they get for it, and which counter says so.</summary>
public sealed class AttackTests(SharedRedis redis) : IAsyncLifetime
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    readonly Counted refused = new("citymonitor.media.streams.refused", "reason");
    readonly Counted odd = new("citymonitor.media.frames.odd", "kind");
    FakeDeepgram deepgram = null!;
    TestBridge bridge = null!;

    public async ValueTask InitializeAsync()
    {
        deepgram = await FakeDeepgram.StartAsync();
        bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Media:StartTimeoutMs", "1500"), ("Capacity:MaxConcurrentCalls", "2"), ("Media:MaxWaiting", "8"));
    }

    public async ValueTask DisposeAsync()
    {
        await bridge.DisposeAsync();
        await deepgram.DisposeAsync();
        refused.Dispose();
        odd.Dispose();
    }

    async Task RefusedAsync(TestPhone phone, string reason, WebSocketCloseStatus status = WebSocketCloseStatus.PolicyViolation)
    {
        Assert.Equal((status, reason), await phone.Closed.WaitAsync(Soon));
        await Eventually.TrueAsync(() => refused[reason] > 0, $"{reason} is counted");
        await Eventually.TrueAsync(() => bridge.Streams.Free == 2, "no place is lost");
    }

    [Fact]
    public async Task A_token_that_has_expired_is_refused()
    {
        var token = await bridge.TokenAsync((await bridge.CallAsync()).Call);
        await bridge.Redis.SendAsync(["PEXPIRE", Keys.StreamToken(token), 1]);
        await Eventually.TrueAsync(async () => (await bridge.Redis.SendAsync(["EXISTS", Keys.StreamToken(token)])).Number == 0, "it has expired");
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.StartAsync(token);
        await RefusedAsync(phone, "token-unknown");
    }

    [Fact]
    public async Task A_token_does_not_work_on_another_phone_call()
    {
        var session = await bridge.CallAsync();
        await bridge.Calls.WriteAsync(session.Call, new Dictionary<string, string> { [CallFields.Sid] = "CA-of-this-call" }, default);
        await using var thief = await TestPhone.ConnectAsync(bridge.Url);
        await thief.StartAsync(await bridge.TokenAsync(session.Call));
        await RefusedAsync(thief, "call-sid");
        Assert.Empty(await bridge.ToAgentAsync(session.Call));
    }

    [Fact]
    public async Task A_token_that_is_no_token_but_another_key_spends_nothing()
    {
        var session = await bridge.CallAsync();
        foreach (var guess in (string[])[$"../{Keys.Call(session.Call)}", "*", "\\u0000", new string('a', 201), " ", "{}"])
        {
            await using var phone = await TestPhone.ConnectAsync(bridge.Url);
            await phone.StartAsync(guess);
            Assert.Contains((await phone.Closed.WaitAsync(Soon)).Reason, (string[])["token-unknown", "token-missing"]);
        }

        Assert.NotNull(await bridge.FieldAsync(session.Call, CallFields.Session));
    }

    [Fact]
    public async Task Guessing_tokens_on_one_socket_is_one_guess()
    {
        var session = await bridge.CallAsync();
        var token = await bridge.TokenAsync(session.Call);
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.SendAsync(phone.StartMessage("guess"));
        await phone.SendAsync(phone.StartMessage(token));
        phone.Run();
        await RefusedAsync(phone, "token-unknown");
        Assert.Equal(1, (await bridge.Redis.SendAsync(["EXISTS", Keys.StreamToken(token)])).Number);
    }

    [Fact]
    public async Task A_second_socket_with_a_spent_or_foreign_token_leaves_the_live_call_alone()
    {
        var session = await bridge.CallAsync();
        var token = await bridge.TokenAsync(session.Call);
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        await phone.StartAsync(token);
        var agent = await deepgram.NextAsync();
        for (var i = 0; i < 5; i++)
        {
            await using var second = await TestPhone.ConnectAsync(bridge.Url);
            await second.StartAsync(i % 2 == 0 ? token : null);
            Assert.Equal(i % 2 == 0 ? "token-unknown" : "token-missing", (await second.Closed.WaitAsync(Soon)).Reason);
        }

        await agent.SayAsync("Go on.");
        await phone.HeardAsync("Go on.");
        Assert.True(refused["token-unknown"] > 0 && refused["token-missing"] > 0, $"{refused}");
    }

    [Fact]
    public async Task The_status_of_a_bridge_in_production_names_no_call()
    {
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await deepgram.NextAsync();
        using var http = new HttpClient();
        var status = new UriBuilder(bridge.Url) { Scheme = "http", Path = "/status" }.Uri;
        Assert.Contains(session.Call.Value, await http.GetStringAsync(status), StringComparison.Ordinal);

        bridge.Services.GetRequiredService<IHostEnvironment>().EnvironmentName = "Production";
        var told = await http.GetStringAsync(status);
        Assert.DoesNotContain(session.Call.Value, told, StringComparison.Ordinal);
        Assert.Contains("\"live\":1", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("forged")]
    [InlineData(null)]
    public async Task A_handshake_that_Twilio_has_not_signed_is_refused(string? signature)
    {
        var session = await bridge.CallAsync();
        await using var phone = await TestPhone.ConnectAsync(bridge.Url, signature);
        await phone.StartAsync(await bridge.TokenAsync(session.Call, "as Twilio signs"));
        await RefusedAsync(phone, "signature");
        Assert.Empty(await bridge.ToAgentAsync(session.Call));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_too_large_is_refused_as_such_before_and_after_start(bool started)
    {
        var session = await bridge.CallAsync();
        await using var phone = started ? await bridge.PhoneAsync(session.Call) : await TestPhone.ConnectAsync(bridge.Url);
        if (started)
        {
            await deepgram.NextAsync();
        }
        else
        {
            phone.Run();
        }

        await phone.SendAsync(new string('x', 300_000));
        Assert.Equal((WebSocketCloseStatus.MessageTooBig, "message-too-large"), await phone.Closed.WaitAsync(Soon));
        await Eventually.TrueAsync(() => (started ? odd["too-large"] : refused["message-too-large"]) > 0, "it is counted");
        await Eventually.TrueAsync(() => bridge.Streams.Free == 2 && !bridge.Streams.HasSockets, "everything is freed");
    }

    [Fact]
    public async Task Sockets_that_only_wait_keep_no_call_out_and_are_bounded()
    {
        var waiting = new List<TestPhone>();
        for (var i = 0; i < 7; i++)
        {
            waiting.Add(await TestPhone.ConnectAsync(bridge.Url));
        }

        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await bridge.ToAgentAsync(session.Call, "MediaStarted");
        waiting.Add(await TestPhone.ConnectAsync(bridge.Url));
        await Assert.ThrowsAsync<WebSocketException>(() => TestPhone.ConnectAsync(bridge.Url));
        Assert.True(refused["crowded"] > 0);

        foreach (var socket in waiting)
        {
            socket.Run();
            Assert.Contains((await socket.Closed.WaitAsync(Soon)).Reason, (string[])["start-timeout", "no-start"]);
            await socket.DisposeAsync();
        }

        Assert.False(phone.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_start_that_comes_byte_by_byte_is_given_up()
    {
        var token = await bridge.TokenAsync((await bridge.CallAsync()).Call);
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        // All but the last byte: however quick the machine, it never becomes a start.
        foreach (var letter in Encoding.UTF8.GetBytes(phone.StartMessage(token))[..^1])
        {
            try
            {
                await phone.SendRawAsync(new[] { letter }, WebSocketMessageType.Text, end: false);
            }
            catch (Exception error) when (error is WebSocketException or IOException)
            {
                break; // closed, as it should be
            }
        }

        await Eventually.TrueAsync(() => refused["start-timeout"] > 0 && !bridge.Streams.HasSockets, "given up");
        Assert.Equal(1, (await bridge.Redis.SendAsync(["EXISTS", Keys.StreamToken(token)])).Number);
    }

    [Fact]
    public async Task Chatter_instead_of_a_start_is_cut_off()
    {
        await using var phone = await TestPhone.ConnectAsync(bridge.Url);
        for (var i = 0; i < 50; i++)
        {
            await phone.SendAsync("""{"event":"connected"}""");
        }

        phone.Run();
        await RefusedAsync(phone, "no-start");
    }

    [Fact]
    public async Task Headers_that_dribble_in_end_the_connection()
    {
        using var closed = new Counted("kestrel.connection.duration", "error.type");
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", bridge.Url.Port);
        var stream = client.GetStream();
        await stream.WriteAsync("GET /media HTTP/1.1\r\nHost: x\r\n"u8.ToArray());
        var answer = new byte[1024];
        var reading = stream.ReadAsync(answer).AsTask();
        for (var i = 0; i < 100 && !reading.IsCompleted; i++)
        {
            await stream.WriteAsync("X"u8.ToArray());
            await Task.WhenAny(reading, Task.Delay(100));
        }

        Assert.StartsWith("HTTP/1.1 408", Encoding.ASCII.GetString(answer, 0, await reading.WaitAsync(Soon)), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => closed["request_headers_timeout"] > 0, "counted");
    }

    [Theory]
    [InlineData("GET /media HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")] // no key
    [InlineData("GET /media HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n")]
    [InlineData("GET /media HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")]
    [InlineData("GET /media\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001 this is no http\r\n\r\n")]
    public async Task A_handshake_that_is_none_gets_a_4xx_and_costs_no_place(string request)
    {
        using var http = new Counted("citymonitor.http.refused_requests", "reason");
        using var kestrel = new Counted("kestrel.connection.duration", "error.type");
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", bridge.Url.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync().WaitAsync(Soon), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => http["malformed"] > 0 || kestrel.ToString().Length > 0, "counted, by us or by Kestrel");
        await Eventually.TrueAsync(() => !bridge.Streams.HasSockets, "no socket is left");
    }

    /// <summary>Everything that a holder of a token can send: a call is never lost for a frame.</summary>
    [Fact]
    public async Task A_storm_of_broken_frames_does_not_end_the_call()
    {
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { MaxSeconds = 7200, SilenceSeconds = 7200 } });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        var sid = phone.StreamSid;
        var silence = Convert.ToBase64String(Enumerable.Repeat((byte)255, 20).ToArray());
        string[] seeds =
        [
            $$$"""{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"{{{silence}}}"},"streamSid":"{{{sid}}}"}""",
            $$$"""{"event":"mark","sequenceNumber":"4","streamSid":"{{{sid}}}","mark":{"name":"1-7"}}""",
            $$$"""{"event":"dtmf","streamSid":"{{{sid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"5"}}""",
            phone.StartMessage("again"),
            """{"event":"connected","protocol":"Call","version":"1.0.0"}""",
        ];
        var cases = from seed in Gen.Elements(seeds)
                    from edits in Gen.ListOf(Gen.Choose(0, 400).Zip(Gen.Choose(32, 126)), 3)
                    from cut in Gen.Frequency((3, Gen.Constant(int.MaxValue)), (1, Gen.Choose(0, 200)))
                    select (seed, edits, cut);
        foreach (var (seed, edits, cut) in Enumerable.Range(0, Effort.Cases / 1000).SelectMany(_ => cases.Sample(1000, 50)))
        {
            var bytes = Encoding.UTF8.GetBytes(seed);
            foreach (var (at, value) in edits)
            {
                bytes[at % bytes.Length] = (byte)value;
            }

            var text = Encoding.UTF8.GetString(bytes, 0, Math.Min(bytes.Length, cut));
            await phone.SendAsync(text.Contains("\"stop\"", StringComparison.Ordinal) ? "{" : text);
        }

        Assert.False(phone.Closed.IsCompleted);
        await Eventually.TrueAsync(() => odd["bad-json"] > Effort.Cases / 20, "the bridge has kept up", TimeSpan.FromMinutes(2));
        // What sounds in the storm may pass for a caller whom the vendor does not hear: then there is another engine by now.
        agent = agent.Closed.IsCompleted ? await deepgram.NextAsync() : agent;
        await agent.SayAsync("Go on.");
        await phone.HeardAsync("Go on.");
        Assert.True(odd["bad-json"] > 0 && odd["foreign-stream"] > 0 && odd["unknown-event"] > 0, $"{odd}");
    }
}
