using System.Text;
using System.Text.Json;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Deepgram;

public sealed class AgentSettingsTests
{
    static readonly CallSession Session = new(
        CallId.Parse("fd-1.1"), null, "outbound", PhoneNumber.Parse("+12025550123"), "incident-dispatch", "deepgram-agent", "en",
        "aura-2-andromeda-en", "gpt-4o-mini", "Say \"hello\".", "Hi.", "", "", "", [
            new ToolDefinition("accept", "Accepts.", JsonElement.Parse("""{"type":"object","properties":{"eta":{"type":"integer"}}}"""), true),
            new ToolDefinition("read", "Reads.", default, false)],
        ["Sector Seven"], new CallLimits(900, 30, [], []));

    static string Settings(CallSession session, IReadOnlyList<HistoryEntry> history, DeepgramOptions options) =>
        Encoding.UTF8.GetString(AgentSettings.Settings(session, history, options));

    [Fact]
    public void The_settings_are_exactly_v1() => Assert.Equal(
        """
        {"type":"Settings","flags":{"history":true},
        "audio":{"input":{"encoding":"mulaw","sample_rate":8000},"output":{"encoding":"mulaw","sample_rate":8000,"container":"none"}},
        "agent":{"context":{"messages":[{"type":"History","role":"assistant","content":"Hi."},{"type":"History","role":"user","content":"Yes"},
        {"type":"History","function_calls":[{"id":"c1","name":"accept","client_side":true,"arguments":"{\"eta\":5}","response":"ok"}]}]},
        "listen":{"provider":{"type":"deepgram","version":"v1","model":"nova-3","language":"en","keyterms":["Sector Seven"],"smart_format":true}},
        "think":{"provider":{"type":"open_ai","model":"gpt-4o-mini"},"prompt":"Say \"hello\".","functions":[
        {"name":"accept","description":"Accepts.","parameters":{"type":"object","properties":{"eta":{"type":"integer"}}},"defer_until_eot":true},
        {"name":"read","description":"Reads.","parameters":{"type":"object","properties":{}}}]},
        "speak":{"provider":{"type":"deepgram","model":"aura-2-andromeda-en"}}}}
        """.ReplaceLineEndings(""),
        Settings(Session, [
            new HistoryEntry.Said(Speaker.Agent, "Hi."), new HistoryEntry.Said(Speaker.Responder, "Yes"),
            new HistoryEntry.ToolUsed(new ToolCall("c1", "accept", "{\"eta\":5}"), "ok")], new DeepgramOptions()));

    [Fact]
    public void A_flux_model_has_its_own_version_and_no_language_of_its_own()
    {
        var listen = JsonDocument.Parse(Settings(Session, [], new DeepgramOptions { ListenModel = "flux-general-en" })).RootElement.GetProperty("agent").GetProperty("listen");
        Assert.Equal("""{"provider":{"type":"deepgram","version":"v2","model":"flux-general-en","keyterms":["Sector Seven"]}}""", listen.GetRawText());
    }

    [Fact]
    public void A_model_may_name_its_provider_and_without_a_past_there_is_no_context()
    {
        var agent = JsonDocument.Parse(Settings(Session with { Model = "anthropic/claude-x", Tools = [] }, [], new DeepgramOptions())).RootElement.GetProperty("agent");
        Assert.Equal("""{"type":"anthropic","model":"claude-x"}""", agent.GetProperty("think").GetProperty("provider").GetRawText());
        Assert.False(agent.TryGetProperty("context", out _));
        Assert.False(agent.GetProperty("think").TryGetProperty("functions", out _));
    }

    [Theory]
    [InlineData("whisper", "open_ai", 1000, "Deepgram:ListenModel")]
    [InlineData("nova-3", " ", 1000, "Deepgram:ThinkProvider")]
    [InlineData("nova-3", "open_ai", 1, "Deepgram:OpenTimeoutMs")]
    public void A_wrong_option_names_its_key(string listen, string think, int timeout, string key) =>
        Assert.StartsWith(key, Assert.Single(new DeepgramOptions { ListenModel = listen, ThinkProvider = think, OpenTimeoutMs = timeout }.Problems()), StringComparison.Ordinal);
}
