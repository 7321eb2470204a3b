using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Speech;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>A call's voices in the order of preference: which of them are fit to speak, and how much of a text their audio covers.</summary>
sealed class Voices(IReadOnlyList<ITextToSpeech> all, Lock gate, TimeProvider clock) : IAsyncDisposable
{
    static readonly TimeSpan BenchedFor = TimeSpan.FromSeconds(30);

    readonly Dictionary<ITextToSpeech, long> benched = [];
    readonly Dictionary<ITextToSpeech, double> bytesPerUnit = [];

    public void Warm()
    {
        foreach (var voice in all.Where(IsFit).Take(1))
        {
            voice.Warm();
        }
    }

    /// <summary>Those that have not failed lately; all of them where every one has.</summary>
    public List<ITextToSpeech> Fit()
    {
        lock (gate)
        {
            var fit = all.Where(IsFit).ToList();
            return fit.Count > 0 ? fit : [.. all];
        }
    }

    public void Failed(ITextToSpeech voice)
    {
        lock (gate)
        {
            benched[voice] = clock.GetTimestamp();
        }
    }

    /// <summary>It has spoken this text whole: so fast does it speak.</summary>
    public void Learn(ITextToSpeech voice, string text, long bytes)
    {
        if (bytes > 0 && HeardText.Units(text) is > 10 and var units)
        {
            bytesPerUnit[voice] = (double)bytes / units;
        }
    }

    /// <summary>What the voice, which broke off after these bytes, has not said of the text.</summary>
    public string NotCovered(ITextToSpeech voice, string text, long bytes) =>
        NotCovered(text, bytes, bytesPerUnit.GetValueOrDefault(voice, HeardText.UsualBytesPerUnit));

    /// <summary>The text from the first word that these bytes do not cover.</summary>
    internal static string NotCovered(string text, long bytes, double rate) =>
        bytes == 0 ? text : text[HeardText.Characters(text, bytes, rate)..].Trim();

    bool IsFit(ITextToSpeech voice) => !benched.TryGetValue(voice, out var since) || clock.GetElapsedTime(since) >= BenchedFor;

    public async ValueTask DisposeAsync()
    {
        foreach (var voice in all)
        {
            await voice.DisposeAsync();
        }
    }
}
