using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>One call of the cascade engine.</summary>
sealed class Scene : IAsyncDisposable
{
    public required RunningVendors Vendors { get; init; }

    public required TestBridge Bridge { get; init; }

    public required ScriptedWorker Worker { get; init; }

    public required TestPhone Phone { get; init; }

    public required CallId Call { get; init; }

    public static Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, params (string Key, string Value)[] settings) =>
        StartAsync(redis, answer, call => call, settings);

    public static Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, SpeechChoice? speech, params (string Key, string Value)[] settings) =>
        StartAsync(redis, answer, call => call with { Speech = speech }, settings);

    public static async Task<Scene> StartAsync(SharedRedis redis, Func<UserTurn, IReadOnlyList<string>?> answer, Func<CallSession, CallSession> change, params (string Key, string Value)[] settings)
    {
        var vendors = await RunningVendors.StartAsync();
        // A vendor in the same process on a busy machine may take seconds; only a test of a fault is impatient.
        (string Key, string Value)[] patient =
        [
            ("ElevenLabs:BaseUrl", vendors.ElevenLabs.ToString()), ("ElevenLabs:ApiKey", "simulator"), ("Cascade:Ears", "deepgram"),
            ("Deepgram:OpenTimeoutMs", "20000"), ("Cascade:OpenTimeoutMs", "10000"), ("Cascade:FirstAudioMs", "8000"), ("Cascade:StallMs", "8000"),
        ];
        var bridge = await TestBridge.StartAsync(redis, vendors.Deepgram, [.. patient.Where(one => !settings.Any(other => other.Key == one.Key)), .. settings]);
        var session = await bridge.CallAsync(call => change(call with { Engine = "cascade" }));
        return new Scene
        {
            Vendors = vendors, Bridge = bridge, Call = session.Call, Worker = ScriptedWorker.Of(bridge, session.Call, answer), Phone = await bridge.PhoneAsync(session.Call),
        };
    }

    public async Task GreetedAsync()
    {
        await Phone.HeardAsync("City desk here.", TimeSpan.FromSeconds(30));
        await QuietAsync();
    }

    /// <summary>Nothing is being heard, and the bridge knows.</summary>
    public Task QuietAsync() =>
        Eventually.TrueAsync(() => !Phone.IsPlaying && Bridge.Streams.All.All(stream => stream.Status is { AgentSpeaking: false, CallerSpeaking: false }), "it is quiet", TimeSpan.FromSeconds(20));

    /// <summary>The turns, once the last words that the phone has heard are among them: they are written behind the call, not in it.</summary>
    public async Task<IReadOnlyList<Turn>> RecordAsync()
    {
        IReadOnlyList<Turn> record = [];
        await Eventually.TrueAsync(
            async () => (record = await Bridge.TurnsAsync(Call)).LastOrDefault(turn => turn.Speaker == Speaker.Agent) is { } last && Phone.Heard.EndsWith(last.Text, StringComparison.Ordinal),
            "the last words are recorded", TimeSpan.FromSeconds(10));
        return record;
    }

    public async ValueTask DisposeAsync()
    {
        await Phone.DisposeAsync();
        await Worker.DisposeAsync();
        await Bridge.DisposeAsync();
        await Vendors.DisposeAsync();
    }
}
