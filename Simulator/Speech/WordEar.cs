namespace CityMonitor.Simulator.Speech;

/// <summary>A word and where in the audio it was said, in seconds from its start.</summary>
/// <param name="Confidence">0.99; less where a part of it was cut off or covered by noise.</param>
readonly record struct HeardWord(string Text, double Start, double End, double Confidence)
{
    const string Marks = ".,!?;:\"()";

    /// <summary>As a recogniser without punctuation writes it: <c>Yes,</c> is <c>yes</c>.</summary>
    public string Plain => Text.Trim(Marks.ToCharArray()).ToLowerInvariant();

    /// <summary>The words as a text; plain ones in lower case and without punctuation.</summary>
    public static string TextOf(IEnumerable<HeardWord> words, bool plain) =>
        string.Join(' ', words.Select(w => plain ? w.Plain : w.Text).Where(w => w.Length > 0));
}

/// <summary>Hears words, with their times, in a stream of mu-law bytes. Time is the audio's own. Noise is heard, but gives no word.</summary>
sealed class WordEar
{
    // 5 ms, the finest that the decoder tells apart: word times are right to that.
    const int StepBytes = 40;
    const double Clear = 0.99;
    const double Unclear = 0.55;
    static readonly TimeSpan WordGap = TimeSpan.FromMilliseconds(90);

    readonly ToneDecoder decoder = new();
    readonly List<HeardWord> words = [];
    int faultsBefore;
    bool open;

    /// <summary>Audio fed so far, in seconds.</summary>
    public double Seconds => SecondsOf(decoder.Samples);

    public long Samples => decoder.Samples;

    /// <summary>Sound at this very moment.</summary>
    public bool HasEnergy => decoder.HasEnergy;

    public TimeSpan SilenceFor => decoder.SilenceFor;

    /// <summary>When the last symbol of a word ended, in seconds; -1 before the first.</summary>
    public double LastSymbolEnd { get; private set; } = -1;

    public bool HasWords => words.Count > 0;

    /// <summary>The words since the last <see cref="Take"/>; without the one that is still being said.</summary>
    public IReadOnlyList<HeardWord> Whole => words.Count > 0 && open && decoder.SilenceFor < WordGap ? words[..^1] : words;

    /// <summary>How much audio goes in at a time where silences are to be noticed to the millisecond: 20 ms.</summary>
    public const int SliceBytes = 160;

    public void Feed(ReadOnlySpan<byte> mulaw)
    {
        while (!mulaw.IsEmpty)
        {
            var step = mulaw[..Math.Min(StepBytes, mulaw.Length)];
            mulaw = mulaw[step.Length..];
            decoder.Feed(step);
            foreach (var heard in decoder.Take())
            {
                Hear(heard);
            }
        }
    }

    /// <summary>The words so far, which are then forgotten; also the one that is still being said when <paramref name="all"/>.</summary>
    public IReadOnlyList<HeardWord> Take(bool all)
    {
        var taken = all ? words.ToArray() : [.. Whole];
        words.RemoveRange(0, taken.Length);
        open = open && words.Count > 0;
        return taken;
    }

    void Hear(char heard)
    {
        if (heard == ' ')
        {
            open = false;
            return;
        }

        var end = SecondsOf(decoder.Samples);
        var faults = decoder.Garbled + decoder.CutSymbols;
        var confidence = faults > faultsBefore ? Unclear : Clear;
        faultsBefore = faults;
        LastSymbolEnd = end;
        if (open)
        {
            var last = words[^1];
            words[^1] = last with { Text = last.Text + heard, End = end, Confidence = Math.Min(last.Confidence, confidence) };
        }
        else
        {
            words.Add(new HeardWord(heard.ToString(), Math.Max(0, end - SecondsOf(ToneCode.SymbolSamples)), end, confidence));
            open = true;
        }
    }

    static double SecondsOf(long samples) => Math.Round(samples / (double)MuLaw.SampleRate, 3);
}
