using System.Text.Json.Nodes;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

[assembly: AssemblyFixture(typeof(SharedRedis))]

// Nearly all of their time is spent listening to audio, which is real time.
[assembly: CollectionBehavior(MaxParallelThreads = 8)]

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class ConversationTests(SharedRedis redis)
{
    [Fact]
    public async Task A_call_is_greeted_and_a_turn_each_way_is_heard_and_recorded()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        Assert.Equal("Token simulator", agent.Authorization);

        await phone.HeardAsync("City desk here.");
        var saying = phone.SayAsync("Who is it");
        await Eventually.TrueAsync(() => agent.HeardEnd, "the agent hears the caller");
        await saying;
        Assert.Equal("Who is it", agent.HeardText);
        await agent.UserSaidAsync("Who is it");
        await agent.SayAsync("The city.");
        await phone.HeardAsync("The city.");

        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "three turns");
        var turns = await bridge.TurnsAsync(session.Call);
        Assert.Equal(
            [(Speaker.Agent, "City desk here."), (Speaker.Responder, "Who is it"), (Speaker.Agent, "The city.")],
            turns.Select(turn => (turn.Speaker, turn.Text)));
        Assert.DoesNotContain(turns, turn => turn.Interrupted);
        Assert.Equal(1, (int)(await bridge.ToAgentAsync(session.Call, "MediaStarted"))["stream"]!);

        await phone.HangUpAsync();
        Assert.Equal("hangup", (string?)(await bridge.ToAgentAsync(session.Call, "MediaStopped"))["reason"]);
        await Eventually.TrueAsync(() => bridge.Streams.Count == 0 && deepgram.OpenSockets == 0, "everything is freed");
        Assert.Null(await bridge.FieldAsync(session.Call, CallFields.End));
        Assert.Equal("", await bridge.FieldAsync(session.Call, CallFields.Bridge));
    }

    [Fact]
    public async Task Each_turn_is_in_the_audit_as_it_happens()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");

        await Eventually.TrueAsync(async () => (await AuditAsync(bridge, session.Call)).Contains(("turn.agent", "City desk here.")), "the audit entry");
    }

    [Fact]
    public async Task Tools_are_run_by_the_worker_and_answered_in_any_order()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        await agent.SendAsync("""
            {"type":"FunctionCallRequest","functions":[
              {"id":"c1","name":"accept_incident","arguments":"{\"eta\":10}","client_side":true},
              {"id":"c2","name":"retrieve_ticket","arguments":{},"client_side":true},
              {"id":"c3","name":"theirs","arguments":"{}","client_side":false}]}
            """);
        await Eventually.TrueAsync(async () => (await bridge.ToAgentAsync(session.Call)).Count(m => m.Type == "ToolRequested") == 2, "two requests");
        var first = (await bridge.ToAgentAsync(session.Call)).First(m => m.Type == "ToolRequested").Data;
        Assert.Equal(("c1", "accept_incident", "{\"eta\":10}", 1), ((string)first["toolCallId"]!, (string)first["name"]!, (string)first["arguments"]!, (int)first["stream"]!));

        bridge.Tell(new ToolResult(session.Call, 1, "c2", "retrieve_ticket", "{\"t\":1}"));
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "accepted"));
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", "twice"));
        bridge.Tell(new ToolResult(session.Call, 7, "c9", "x", "another stream's"));
        Assert.Equal(
            """{"type":"FunctionCallResponse","id":"c2","name":"retrieve_ticket","content":"{\"t\":1}"}""",
            (await agent.NextAsync("FunctionCallResponse")).ToJsonString(JsonOptions));
        Assert.Equal("accepted", (string?)(await agent.NextAsync("FunctionCallResponse"))["content"]);
        await agent.SendAsync("""{"type":"FunctionCallRequest","functions":[{"id":"c4","name":"retrieve_ticket","arguments":"{}"}]}""");
        await bridge.ToAgentAsync(session.Call, "ToolRequested");
        Assert.Equal(2, agent.Raw.Count(raw => raw.Contains("FunctionCallResponse", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_withdrawn_tool_is_withdrawn_at_the_worker_and_never_answered()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        await agent.SendAsync("""{"type":"FunctionCallRequest","functions":[{"id":"c1","name":"retrieve_ticket","arguments":"{}"}]}""");
        await bridge.ToAgentAsync(session.Call, "ToolRequested");
        await agent.SendAsync("""{"type":"FunctionCallCancelled","functions":[{"id":"c1"}]}""");
        Assert.Equal("c1", (string?)(await bridge.ToAgentAsync(session.Call, "ToolCancelled"))["toolCallId"]);
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "retrieve_ticket", "late"));
        bridge.Tell(new SayNews(session.Call, "News."));
        await agent.NextAsync("InjectAgentMessage");
        Assert.DoesNotContain(agent.Raw, raw => raw.Contains("FunctionCallResponse", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tool_that_works_after_its_time_is_put_right_aloud_and_in_what_the_next_engine_is_told()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url, ("Turns:ToolTimeoutMs", "500"));
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SendAsync("""
            {"type":"FunctionCallRequest","functions":[
              {"id":"c1","name":"accept_incident","arguments":"{}","client_side":true},
              {"id":"c2","name":"retrieve_ticket","arguments":"{}","client_side":true},
              {"id":"c3","name":"accept_incident","arguments":"{}","client_side":true}]}
            """);
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("did not work", (string?)(await agent.NextAsync("FunctionCallResponse"))["content"], StringComparison.Ordinal);
        }

        bridge.Tell(new ToolResult(session.Call, 1, "c3", "accept_incident", """{"error":"Not now."}"""));
        bridge.Tell(new ToolResult(session.Call, 1, "c2", "retrieve_ticket", """{"type":"fire"}"""));
        bridge.Tell(new ToolResult(session.Call, 1, "c1", "accept_incident", """{"accepted":true}"""));
        const string Correction = "One correction: your acceptance has been recorded after all.";
        Assert.Equal(Correction, (string?)(await agent.NextAsync("InjectAgentMessage"))["message"]);
        await agent.SayAsync(Correction);
        await phone.HeardAsync(Correction);

        agent.Drop();
        var told = (await deepgram.NextAsync()).Settings.ToJsonString(JsonOptions);
        Assert.Contains("accepted", told, StringComparison.Ordinal);
        Assert.DoesNotContain("did not work", told, StringComparison.Ordinal);
        Assert.Single(agent.Raw, raw => raw.Contains("InjectAgentMessage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Huge_arguments_are_answered_with_an_error_and_never_reach_the_worker()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();

        var request = new JsonObject
        {
            ["type"] = "FunctionCallRequest",
            ["functions"] = new JsonArray(new JsonObject { ["id"] = "c1", ["name"] = "accept_incident", ["arguments"] = new string('x', 40_000) }),
        };
        await agent.SendAsync(request.ToJsonString());
        Assert.Contains("too large", (string?)(await agent.NextAsync("FunctionCallResponse"))["content"], StringComparison.Ordinal);
        Assert.DoesNotContain(await bridge.ToAgentAsync(session.Call), message => message.Type == "ToolRequested");
    }

    [Fact]
    public async Task News_is_always_queued_and_its_text_is_recorded_once_heard()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");

        bridge.Tell(new SayNews(session.Call, "Sent \"it\"."));
        Assert.Equal(
            """{"type":"InjectAgentMessage","message":"Sent \"it\".","behavior":"queue"}""",
            (await agent.NextAsync("InjectAgentMessage")).ToJsonString(JsonOptions));
        await agent.SayAsync("Sent \"it\".");
        await phone.HeardAsync("Sent \"it\".");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Any(turn => turn.Text == "Sent \"it\"."), "the turn");
    }

    [Fact]
    public async Task A_key_on_the_phone_reaches_the_worker()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.SendAsync($$$"""{"event":"dtmf","streamSid":"{{{phone.StreamSid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}""");
        Assert.Equal("1", (string?)(await bridge.ToAgentAsync(session.Call, "KeypadPressed"))["digits"]);
    }

    [Fact]
    public async Task Audio_goes_to_the_vendor_in_messages_of_60_to_80_ms()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.SayAsync("Hello hello");
        await Eventually.TrueAsync(() => agent.HeardEnd, "the agent hears the caller");

        Assert.Equal("Hello hello", agent.HeardText);
        Assert.All(agent.AudioMessages, length => Assert.InRange(length, 160, 640));
        Assert.InRange(agent.AudioMessages.Average(), 400, 640);
        Assert.DoesNotContain(agent.Raw, raw => raw.Contains("KeepAlive", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_vendor_is_kept_alive_while_the_phone_sends_no_audio()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        phone.Frozen = true;
        var before = phone.Watch.Elapsed;

        Assert.Equal("""{"type":"KeepAlive"}""", (await agent.NextAsync("KeepAlive", TimeSpan.FromSeconds(15))).ToJsonString());
        Assert.True(phone.Watch.Elapsed - before > TimeSpan.FromSeconds(7), "not while audio has just been sent");
    }

    static readonly System.Text.Json.JsonSerializerOptions JsonOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static async Task<List<(string, string)>> AuditAsync(TestBridge bridge, CallId call) =>
        [.. (await bridge.Redis.SendAsync(["XRANGE", Keys.Audit, "-", "+"])).Items
            .Select(entry => JsonNode.Parse(entry.Items[1].ToDictionary()["data"].Text!)!)
            .Where(data => (string?)data["call"] == call.Value)
            .Select(data => ((string)data["kind"]!, (string)data["text"]!))];
}
