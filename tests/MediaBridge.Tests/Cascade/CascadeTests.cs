using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>A phone, the simulated Deepgram and a worker that answers by script: the cascade engine over real sockets and a real Redis.</summary>
public sealed class CascadeTests(SharedRedis redis)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_caller_and_a_worker_talk_and_the_record_is_what_was_heard()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text switch
        {
            "Hello" => ["Who is speaking, please?"],
            "Station four" => ["There is a fire.", "Do you accept?"],
            _ => ["Thank you."],
        });
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("Who is speaking, please?", Patience);
        await scene.QuietAsync();
        await scene.Phone.SayAsync("Station four");
        await scene.Phone.HeardAsync("There is a fire. Do you accept?", Patience);
        await scene.QuietAsync();

        var turns = scene.Worker.Confirmed;
        Assert.Equal(["Hello", "Station four"], turns.Select(turn => turn.Text));
        Assert.Equal(["City desk here.", "Who is speaking, please?"], turns.Select(turn => turn.Heard));
        Assert.All(turns, turn => Assert.False(turn.Interrupted || turn.Again));
        var record = await scene.RecordAsync();
        Assert.Equal(scene.Phone.Heard, string.Join(' ', record.Where(turn => turn.Speaker == Speaker.Agent).Select(turn => turn.Text)));
        Assert.Equal(["Hello", "Station four"], record.Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_said_is_on_record_before_anybody_is_told_of_it(bool eager)
    {
        await using var scene = await Scene.StartAsync(redis, turn => ["Thank you."], ("Cascade:EagerStart", $"{eager}"));
        var recorded = new List<string>();
        scene.Worker.Looks = async message =>
        {
            if (message is TurnConfirmed or UserTurn { Confirmed: true })
            {
                recorded.AddRange((await scene.Bridge.TurnsAsync(scene.Call)).Where(turn => turn.Speaker == Speaker.Responder).Select(turn => turn.Text));
            }
        };
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Yes I accept");
        await scene.Phone.HeardAsync("Thank you.", Patience);
        Assert.Equal(["Yes I accept"], recorded);
    }

    [Theory]
    [InlineData("flux", "deepgram/aura-2-andromeda-en")]
    [InlineData("elevenlabs", "elevenlabs/EXAVITQu4vr4xnSDxMaL")]
    [InlineData("elevenlabs-batch", "deepgram/aura-2-andromeda-en")]
    public async Task Every_ear_and_every_voice_carries_a_conversation(string ear, string voice)
    {
        var speech = new SpeechChoice([ear], [new VoiceChoice(voice.Split('/')[0], voice.Split('/')[1])]);
        await using var scene = await Scene.StartAsync(redis, turn => turn.Text == "Hello" ? ["Who is speaking, please?"] : ["There is a fire.", "Do you accept?"], speech);
        await scene.GreetedAsync();
        await scene.Phone.SayAsync("Hello");
        await scene.Phone.HeardAsync("Who is speaking, please?", Patience);
        await scene.QuietAsync();
        await scene.Phone.SayAsync("Station four");
        await scene.Phone.HeardAsync("There is a fire. Do you accept?", Patience);
        await scene.QuietAsync();

        Assert.Equal(["Hello", "Station four"], scene.Worker.Confirmed.Select(turn => turn.Text));
        Assert.Equal("City desk here. Who is speaking, please? There is a fire. Do you accept?", scene.Phone.Heard);
    }

    [Fact]
    public async Task What_is_typed_is_a_turn()
    {
        await using var scene = await Scene.StartAsync(redis, turn => turn.Source == TurnSource.Keypad ? ["I have it."] : null);
        await scene.GreetedAsync();
        foreach (var key in "2025550124#")
        {
            await scene.Phone.SendAsync($$$"""{"event":"dtmf","streamSid":"{{{scene.Phone.StreamSid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"{{{key}}}"}}""");
        }

        await scene.Phone.HeardAsync("I have it.", Patience);
        var turn = Assert.Single(scene.Worker.Confirmed);
        Assert.Equal(("2025550124", TurnSource.Keypad), (turn.Text, turn.Source));
    }
}
