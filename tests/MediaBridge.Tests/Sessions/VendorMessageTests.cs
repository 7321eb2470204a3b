using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

/// <summary>What a vendor says that nobody expects.</summary>
public sealed class VendorMessageTests(SharedRedis redis)
{
    [Theory]
    [InlineData("""{"type":"Warning","code":"SLOW_THINK_REQUEST","description":"x"}""")]
    [InlineData("""{"type":"InjectionRefused","message":"busy"}""")]
    [InlineData("""{"type":"SomethingNew","content":{"a":1}}""")]
    [InlineData("""{"type":"ConversationText","role":7,"content":[]}""")]
    [InlineData("""{"type":"FunctionCallRequest","functions":"none"}""")]
    [InlineData("""{"type":"FunctionCallRequest","functions":[{"name":"x"},{},null]}""")]
    [InlineData("""{"type":"FunctionCallCancelled","functions":[null,{"id":"nobody"}]}""")]
    [InlineData("""not json""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    public async Task Odd_messages_of_the_vendor_change_nothing(string message)
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await agent.SendAsync(message);
        await agent.SayAsync("Still here.");
        await phone.HeardAsync("Still here.");
    }

    /// <summary>A vendor gone mad: each message is read or counted, and none costs the engine.</summary>
    [Fact]
    public async Task A_storm_of_garbled_vendor_messages_is_counted_and_ends_neither_engine_nor_call()
    {
        using var errors = new Counted("citymonitor.media.vendor.errors", "error.type");
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Limits = call.Limits with { MaxSeconds = 7200, SilenceSeconds = 7200 } });
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        string[] seeds =
        [
            """{"type":"Welcome!","request_id":"fc553ec9"}""",
            """{"type":"History","role":"assistant","content":"Which unit \u00e9 are you with?"}""",
            """{"type":"FunctionCallRequest","functions":[{"id":"","name":"accept_incident","arguments":"{\"eta\":10}","client_side":true},null]}""",
            """{"type":"FunctionCallCancelled","functions":[{"id":"fc_12345"},null]}""",
            """{"type":"AgentThinking","content":[1,{"a":null}]}""",
            """{"type":"LatencyReport","total":0.7,"description":{"a":[[[[]]]]}}""",
        ];
        var random = new Random(20_261_120);
        for (var done = 0; done < Effort.Cases; done++)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]);
            if (done % (DeepgramAgent.MostGarbled / 2) == 0)
            {
                // One that can be read, so that the engine is not given up for sending nothing but rubbish.
                await agent.SendAsync(seeds[0]);
            }

            for (var edit = random.Next(1, 4); edit > 0; edit--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(32, 127);
            }

            await agent.SendAsync(System.Text.Encoding.UTF8.GetString(bytes, 0, random.Next(3) == 0 ? random.Next(bytes.Length + 1) : bytes.Length));
        }

        await agent.SayAsync("Still here.");
        await phone.HeardAsync("Still here.");
        Assert.Equal(1, deepgram.AgentAttempts);
        Assert.True(errors["bad-json"] > Effort.Cases / 10 && errors["unknown-type"] > 0, $"{errors}");
    }

    [Fact]
    public async Task A_vendor_that_sends_nothing_but_garbage_is_replaced_and_one_that_comes_to_its_senses_is_not()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        for (var i = 1; i < DeepgramAgent.MostGarbled; i++)
        {
            await agent.SendAsync("\u0001{not json");
        }

        await agent.SayAsync("Still here?");
        await phone.HeardAsync("Still here?");
        for (var i = 0; i < DeepgramAgent.MostGarbled; i++)
        {
            await agent.SendAsync("\u0001{not json");
        }

        var next = await deepgram.NextAsync();
        await next.SayAsync("Back again?");
        await phone.HeardAsync("Back again?");
        await agent.Closed.WaitAsync(TimeSpan.FromSeconds(5));
    }
}
