using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.MediaBridge.Tests.Sessions;

/// <summary>Against the simulator's Deepgram: its ear, its voice and its scripted mind over the real protocol.</summary>
public sealed class SimulatedVendorTests(SharedRedis redis)
{
    [Fact]
    public async Task The_simulated_agent_and_a_phone_talk_and_the_record_is_what_was_heard()
    {
        await using var simulator = await RunningVendors.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Deepgram);
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        await phone.SayAsync("Hello");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count >= 3, "the agent has answered", TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => !phone.IsPlaying, "it is quiet", TimeSpan.FromSeconds(20));

        await Eventually.TrueAsync(() => bridge.Streams.All.All(stream => !stream.Status.AgentSpeaking), "the last mark is back");
        var told = string.Join(' ', (await bridge.TurnsAsync(session.Call)).Where(turn => turn.Speaker == Speaker.Agent).Select(turn => turn.Text));
        Assert.Equal(phone.Heard, told);
        Assert.Equal("Hello", (await bridge.TurnsAsync(session.Call))[1].Text);
    }

    [Fact]
    public async Task A_simulated_agent_that_goes_mute_is_replaced_or_the_call_goes_to_the_keypad()
    {
        await using var simulator = await RunningVendors.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Deepgram, ("Deepgram:OpenTimeoutMs", "300"));
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        simulator.Faults.Set(FaultTarget.DeepgramAgent, new Fault { Mute = true });
        await phone.SayAsync("Hello there");

        Assert.Equal("engine-failed", (await phone.Closed.WaitAsync(TimeSpan.FromSeconds(15))).Reason);
        Assert.Equal("keypad", await bridge.FieldAsync(session.Call, CallFields.Mode));
    }

    [Fact]
    public async Task A_simulated_agent_whose_socket_drops_costs_no_word()
    {
        await using var simulator = await RunningVendors.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, simulator.Deepgram);
        var session = await bridge.CallAsync(call => call with { Tools = [], Prompt = "Small talk." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("City desk here.");
        simulator.Faults.Set(FaultTarget.DeepgramAgent, new Fault { DropSocketsAfterMs = 0 });
        simulator.Faults.Clear(FaultTarget.DeepgramAgent);
        await phone.SayAsync("Hello");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count >= 3, "the agent has answered", TimeSpan.FromSeconds(20));
        Assert.Equal("Hello", (await bridge.TurnsAsync(session.Call)).First(turn => turn.Speaker == Speaker.Responder).Text);
    }
}
