using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Sessions;

public sealed class BargeInTests(SharedRedis redis)
{
    const string Long = "There is a fire at the old mill and we need you to go there now.";

    [Fact]
    public async Task The_phone_is_cleared_at_once_when_the_vendor_hears_the_caller_and_the_heard_words_are_the_turn()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync(Long);
        await phone.HeardAsync("fire at the o", TimeSpan.FromSeconds(8));

        var before = phone.Watch.Elapsed;
        await agent.UserStartedAsync();
        await phone.ClearedAsync();
        Assert.InRange((phone.Clears[0].At - before).TotalMilliseconds, 0, 200);
        Assert.True(phone.Clears[0].Dropped > 8000, "most of it was not played");
        await agent.UserSaidAsync("Wait");

        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 3, "the cut turn and the caller's");
        var cut = (await bridge.TurnsAsync(session.Call))[1];
        Assert.True(cut.Interrupted);
        Assert.Equal(WholeWords(phone.Heard["City desk here.".Length..].Trim()), cut.Text);
    }

    [Fact]
    public async Task Our_own_detector_clears_the_phone_when_the_vendor_is_late()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync(Long);
        await phone.HeardAsync("fire", TimeSpan.FromSeconds(8));

        var before = phone.Watch.Elapsed;
        var saying = phone.SayAsync("Stop");
        await phone.ClearedAsync();
        Assert.InRange((phone.Clears[0].At - before).TotalMilliseconds, 0, 350);
        await saying;
        await agent.UserStartedAsync();
        await agent.UserSaidAsync("Stop");
        await agent.SayAsync("Yes.");
        await phone.HeardAsync("Yes.");
        Assert.DoesNotContain("InjectAgentMessage", string.Join('\n', agent.Raw), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_cough_cut_off_is_said_again()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync("All is well there. A unit is needed at the old mill.");
        await phone.HeardAsync("A unit", TimeSpan.FromSeconds(8));

        await phone.SayAsync("hmm");
        await phone.ClearedAsync();
        var again = await agent.NextAsync("InjectAgentMessage");
        Assert.Equal("A unit is needed at the old mill.", (string?)again["message"]);
    }

    [Fact]
    public async Task The_greeting_can_be_interrupted_and_the_agent_hears_what_was_said()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync(call => call with { Greeting = "This is the city desk and we are calling you about your area today." });
        await using var phone = await bridge.PhoneAsync(session.Call);
        await phone.HeardAsync("This is");
        var agent = await deepgram.NextAsync();
        await phone.SayAsync("Hello");
        await phone.ClearedAsync();
        await Eventually.TrueAsync(() => agent.HeardText == "Hello", "the agent hears the whole word");

        Assert.Equal("This is the city desk and we are calling you about your area today.",
            (string?)agent.Settings["agent"]!["context"]!["messages"]![0]!["content"]);
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 1, "the cut greeting");
        var cut = (await bridge.TurnsAsync(session.Call))[0];
        Assert.Equal((true, WholeWords(phone.Heard)), (cut.Interrupted, cut.Text));
    }

    [Fact]
    public async Task Marks_echoed_because_of_a_clear_are_not_heard()
    {
        await using var deepgram = await FakeDeepgram.StartAsync();
        await using var bridge = await TestBridge.StartAsync(redis, deepgram.Url);
        var session = await bridge.CallAsync();
        await using var phone = await bridge.PhoneAsync(session.Call);
        var agent = await deepgram.NextAsync();
        await phone.HeardAsync("City desk here.");
        await agent.SayAsync("Goodbye and take care of yourself out there in the cold.");
        await phone.HeardAsync("Goodbye");
        await agent.UserStartedAsync();
        await phone.ClearedAsync();
        await agent.UserSaidAsync("Wait");
        await agent.SayAsync("Yes?");
        await phone.HeardAsync("Yes?");
        Assert.False(phone.Closed.IsCompleted, "an interrupted goodbye does not end the call");
        await Eventually.TrueAsync(async () => (await bridge.TurnsAsync(session.Call)).Count == 4, "four turns");
        Assert.StartsWith("Goodbye", (await bridge.TurnsAsync(session.Call))[1].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("cold", (await bridge.TurnsAsync(session.Call))[1].Text, StringComparison.Ordinal);
    }

    static string WholeWords(string heard) => Long.StartsWith(heard + " ", StringComparison.Ordinal) ? heard : heard[..Math.Max(0, heard.LastIndexOf(' '))];
}
