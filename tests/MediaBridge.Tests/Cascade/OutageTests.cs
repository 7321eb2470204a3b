using System.Collections.Concurrent;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>
/// Every vendor of a conversation down, refusing, slow or mute from the middle of a turn on, alone and two at a time, with the waits that
/// calls really have. Each case has vendors and a bridge of its own; they are played side by side.
/// </summary>
[Collection(nameof(OutageTests))]
[CollectionDefinition(nameof(OutageTests), DisableParallelization = true)]
public sealed class OutageTests(SharedRedis redis)
{
    const int AtOnce = 6;
    const string Long = "There is a fire at the old harbour.";

    /// <summary>What may be silent at the phone, and how much a machine that is busy with other things may add.</summary>
    const int LongestSilenceMs = 4000, Slack = 500;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public enum Part { DeepgramEar, FluxEar, ScribeEar, DeepgramVoice, ElevenLabsVoice, Model }

    public enum Trouble { Down, Refusing, Slow, Mute }

    public readonly record struct Outage(Part Part, Trouble Trouble)
    {
        public string Target => Part switch
        {
            Part.DeepgramEar or Part.FluxEar => FaultTarget.DeepgramListen,
            Part.ScribeEar => FaultTarget.ElevenLabsListen,
            Part.DeepgramVoice => FaultTarget.DeepgramSpeak,
            _ => FaultTarget.ElevenLabsSpeak,
        };

        public bool IsEar => Part is Part.DeepgramEar or Part.FluxEar or Part.ScribeEar;

        public bool IsVoice => Part is Part.DeepgramVoice or Part.ElevenLabsVoice;

        internal Fault Fault => Trouble switch
        {
            Trouble.Down => new Fault { Refuse = true, DropSocketsAfterMs = 0 },
            Trouble.Refusing => new Fault { Status = 503, DropSocketsAfterMs = 0 },
            Trouble.Slow => new Fault { LatencyMs = 2000, LateMs = 2000 },
            _ => new Fault { Mute = true, Hang = true },
        };

        public override string ToString() => $"{Part} {Trouble}";
    }

    static IEnumerable<Outage> Every(Part part) => Enum.GetValues<Trouble>().Select(trouble => new Outage(part, trouble));

    static IEnumerable<Outage[]> Pairs(Part one, Part other) =>
        from first in Every(one) from second in Every(other) where Effort.Long || ((int)first.Trouble % 2 == 1 && ((int)second.Trouble - (int)first.Trouble + 4) % 4 == 1) select (Outage[])[first, second];

    /// <summary>Every second combination of part and trouble; all of them in the suite's long mode.</summary>
    [Fact]
    public Task Each_vendor_alone_in_trouble_costs_one_turn_at_most_and_no_call() => PlayAsync(
        Enum.GetValues<Part>().SelectMany(Every).Where(outage => Effort.Long || ((int)outage.Part + (int)outage.Trouble) % 2 == 0).Select(outage => (Outage[])[outage]));

    /// <summary>Two combinations of each pair of parts; all sixteen in the long mode.</summary>
    [Fact]
    public Task Two_vendors_in_trouble_at_a_time_cost_one_turn_at_most_or_end_at_the_keypad() => PlayAsync(
    [
        .. Pairs(Part.DeepgramEar, Part.DeepgramVoice), .. Pairs(Part.DeepgramEar, Part.Model), .. Pairs(Part.DeepgramVoice, Part.Model),
        .. Pairs(Part.DeepgramEar, Part.ScribeEar), .. Pairs(Part.DeepgramVoice, Part.ElevenLabsVoice),
    ]);

    async Task PlayAsync(IEnumerable<Outage[]> cases)
    {
        var problems = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(cases, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken }, async (outages, _) =>
        {
            try
            {
                await PlayAsync(outages);
            }
            catch (Exception error)
            {
                problems.Add($"{string.Join(" and ", outages)}: {error.Message}");
            }
        });
        Assert.True(problems.IsEmpty, string.Join('\n', problems.Order()));
    }

    async Task PlayAsync(Outage[] outages)
    {
        // Of each kind the first one in trouble is the one that is used first; the second one stands in.
        string[] ears = outages.FirstOrDefault(outage => outage.IsEar).Part switch
        {
            Part.FluxEar => ["flux", "elevenlabs"],
            Part.ScribeEar => ["elevenlabs", "deepgram"],
            _ => ["deepgram", "elevenlabs"],
        };
        VoiceChoice[] voices = [new("deepgram", "aura-2-andromeda-en"), new("elevenlabs", "EXAVITQu4vr4xnSDxMaL")];
        var speech = new SpeechChoice(ears, outages.FirstOrDefault(outage => outage.IsVoice).Part == Part.ElevenLabsVoice ? [voices[1], voices[0]] : voices);
        await using var scene = await Scene.StartAsync(
            redis, turn => turn.Text == "Thank you" ? ["You are welcome."] : [Long], call => call with { Speech = speech, Greeting = "" },
            ("Cascade:OpenTimeoutMs", "1000"), ("Cascade:FirstAudioMs", "1200"), ("Cascade:StallMs", "1000"), ("Deepgram:OpenTimeoutMs", "1000"));
        await Eventually.TrueAsync(() => scene.Bridge.Streams.All.All(stream => stream.Status.Engine == "open"), "it listens", Patience);
        scene.Phone.LongestSilenceMs = 0;

        var said = scene.Phone.SayAsync("Fire station four");
        await Eventually.TrueAsync(() => scene.Bridge.Streams.All.Any(stream => stream.Status.CallerSpeaking), "the caller is speaking");
        Break(scene, outages.Where(outage => outage.IsEar));
        if (outages.FirstOrDefault(outage => outage.Part == Part.Model) is { Part: Part.Model } model)
        {
            scene.Worker.HasNoModel = model.Trouble is not Trouble.Slow;
            scene.Worker.Think = model.Trouble is Trouble.Slow or Trouble.Mute ? TimeSpan.FromSeconds(4) : TimeSpan.Zero;
        }

        await Task.WhenAny(said, scene.Phone.Closed);
        var breaking = BreakAsync(scene, outages.Where(outage => outage.IsVoice));
        if (!await AnsweredAsync(scene, "harbour") && !IsOver(scene))
        {
            await scene.Phone.SayAsync("Fire station four"); // the one turn that may be lost
            Assert.True(await AnsweredAsync(scene, "harbour") || IsOver(scene), $"two turns were lost; heard: {scene.Phone.Heard}");
        }

        if (!IsOver(scene))
        {
            await breaking;
            await scene.Phone.SayAsync("Thank you");
            Assert.True(await AnsweredAsync(scene, "welcome.") || IsOver(scene), $"the call did not go on; heard: {scene.Phone.Heard}");
        }

        if (IsOver(scene))
        {
            Assert.True(outages.Any(outage => outage.IsVoice) || outages.Count(outage => outage.IsEar) == 2 || scene.Phone.Heard.EndsWith("Please use your keypad instead.", StringComparison.Ordinal), $"no apology; heard: {scene.Phone.Heard}");
            Assert.True(MayEndAtTheKeypad(outages), $"keypad mode, although there was a way on; heard: {scene.Phone.Heard}");
            Assert.Equal("engine-failed", (await scene.Phone.Closed).Reason);
            Assert.Equal("keypad", await scene.Bridge.FieldAsync(scene.Call, CallFields.Mode));
        }

        var silence = scene.Phone.LongestSilenceMs;
        Assert.True(silence <= LongestSilenceMs + Slack + scene.Phone.WorstLag.TotalMilliseconds, $"{silence} ms of silence (the machine was {scene.Phone.WorstLag.TotalMilliseconds:0} ms late); heard: {scene.Phone.Heard}");
    }

    static bool IsOver(Scene scene) => scene.Phone.Closed.IsCompleted;

    /// <summary>No model, no ear or no voice is left.</summary>
    static bool MayEndAtTheKeypad(Outage[] outages) =>
        outages.Any(outage => outage is { Part: Part.Model, Trouble: not Trouble.Slow }) || outages.Count(outage => outage.IsEar) == 2 || outages.Count(outage => outage.IsVoice) == 2;

    static void Break(Scene scene, IEnumerable<Outage> outages)
    {
        foreach (var outage in outages)
        {
            scene.Vendors.Faults.Set(outage.Target, outage.Fault);
        }
    }

    /// <summary>Voices break in mid-sentence.</summary>
    static async Task BreakAsync(Scene scene, IEnumerable<Outage> outages)
    {
        while (!IsOver(scene) && !scene.Phone.Heard.Contains("here is", StringComparison.Ordinal))
        {
            await Task.Delay(20);
        }

        Break(scene, outages);
    }

    /// <summary>True once it was heard and it is quiet; false where the call has ended or nothing comes.</summary>
    static async Task<bool> AnsweredAsync(Scene scene, string text)
    {
        var since = scene.Phone.Watch.Elapsed;
        var before = scene.Phone.Heard.Length;
        while (!IsOver(scene) && scene.Phone.Watch.Elapsed - since < Patience)
        {
            if (scene.Phone.Heard[before..].Contains(text, StringComparison.Ordinal) && !scene.Phone.IsPlaying)
            {
                return true;
            }

            // Long silent, and nothing under way: these words were lost.
            if (scene.Phone.Watch.Elapsed - since > TimeSpan.FromSeconds(12) && !scene.Phone.Heard.Contains("here is", StringComparison.Ordinal) && !scene.Phone.IsPlaying)
            {
                return false;
            }

            await Task.Delay(20);
        }

        return false;
    }
}
