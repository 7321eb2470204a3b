using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>When each character of a spoken text begins and how long it sounds.</summary>
sealed class Alignment
{
    readonly List<(string Character, int Start, int Length)> characters = [];

    public Alignment(string text)
    {
        var at = ToneCode.LeadSamples;
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.Value == ' ' ? ToneCode.SpaceSamples : rune.Utf8SequenceLength * ToneCode.SymbolSamples;
            characters.Add((rune.ToString(), at, length));
            at += length;
        }
    }

    /// <summary>
    /// The characters that begin in a piece of the audio, in ms from the beginning of the piece; null when there is none.
    /// Sample: <c>{"chars":["H","i"],"charStartTimesMs":[20,80],"charDurationsMs":[60,60]}</c>
    /// </summary>
    public JsonObject? Of(int from, int bytes)
    {
        var here = characters.FindAll(c => c.Start >= from && c.Start < from + bytes);
        return here.Count == 0 ? null : new JsonObject
        {
            ["chars"] = new JsonArray([.. here.Select(c => JsonValue.Create(c.Character))]),
            ["charStartTimesMs"] = new JsonArray([.. here.Select(c => JsonValue.Create((c.Start - from) / MuLaw.BytesPerMillisecond))]),
            ["charDurationsMs"] = new JsonArray([.. here.Select(c => JsonValue.Create(c.Length / MuLaw.BytesPerMillisecond))]),
        };
    }

    /// <summary>As the HTTP endpoints write it: <c>{"characters":["H"],"character_start_times_seconds":[0.02],"character_end_times_seconds":[0.08]}</c>.</summary>
    public JsonObject InSeconds() => new()
    {
        ["characters"] = new JsonArray([.. characters.Select(c => JsonValue.Create(c.Character))]),
        ["character_start_times_seconds"] = new JsonArray([.. characters.Select(c => JsonValue.Create(Seconds(c.Start)))]),
        ["character_end_times_seconds"] = new JsonArray([.. characters.Select(c => JsonValue.Create(Seconds(c.Start + c.Length)))]),
    };

    static double Seconds(int samples) => Math.Round(samples / (double)MuLaw.SampleRate, 3);
}
