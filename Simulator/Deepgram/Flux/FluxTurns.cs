using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>A turn at a moment.</summary>
/// <param name="Event">StartOfTurn, Update, EagerEndOfTurn, TurnResumed or EndOfTurn.</param>
/// <param name="Trigger">What ended it: model, manual or timeout.</param>
sealed record FluxTurn(string Event, int Index, double WindowStart, double WindowEnd, IReadOnlyList<HeardWord> Words, double Confidence, string? Trigger = null);

/// <summary>
/// Finds turns in the audio as Flux does. The longer the silence the surer it is that the turn is over, half as fast where the last words
/// are no end of a sentence: "my number is", "yes, and".
/// </summary>
/// <param name="endOfTurn">The silence after which it is as sure as the default threshold of 0.7 asks.</param>
sealed class FluxTurns(FluxThresholds thresholds, TimeSpan endOfTurn)
{
    // One Update for each 0.24 s of audio.
    const double UpdateEvery = 0.24;
    const double DefaultThreshold = 0.7;
    static readonly TimeSpan WordGap = TimeSpan.FromMilliseconds(90);
    static readonly string[] Unfinished = ["and", "or", "but", "the", "a", "an", "my", "is", "to", "of", "at", "in", "because", "so", "um", "uh", "well"];

    readonly WordEar ear = new();
    double windowStart, lastUpdate;
    int index, wordsAtEager;
    bool started, eager;

    public FluxThresholds Thresholds { get; set; } = thresholds;

    public double Seconds => ear.Seconds;

    public long Samples => ear.Samples;

    public void Hear(ReadOnlySpan<byte> mulaw, List<FluxTurn> happened)
    {
        while (!mulaw.IsEmpty)
        {
            var slice = mulaw[..Math.Min(WordEar.SliceBytes, mulaw.Length)];
            mulaw = mulaw[slice.Length..];
            ear.Feed(slice);
            Notice(happened);
        }
    }

    /// <summary>The turn that is under way ends now, whatever is still being said.</summary>
    public FluxTurn? End() => started ? Ended("manual") : null;

    void Notice(List<FluxTurn> happened)
    {
        if (!ear.HasWords || (!started && ear.Whole.Count == 0))
        {
            Update(happened);
            return;
        }

        if (!started)
        {
            started = true;
            happened.Add(Turn("StartOfTurn"));
        }

        if (eager && (ear.HasEnergy || ear.Whole.Count > wordsAtEager))
        {
            eager = false;
            happened.Add(Turn("TurnResumed"));
        }
        else if (!ear.HasEnergy && ear.SilenceFor >= WordGap)
        {
            var confidence = Confidence();
            if (confidence >= Thresholds.EndOfTurn || ear.SilenceFor >= Thresholds.Timeout)
            {
                happened.Add(Ended(confidence >= Thresholds.EndOfTurn ? "model" : "timeout"));
                return;
            }

            if (!eager && confidence >= Thresholds.Eager)
            {
                eager = true;
                wordsAtEager = ear.Whole.Count;
                happened.Add(Turn("EagerEndOfTurn"));
            }
        }

        Update(happened);
    }

    void Update(List<FluxTurn> happened)
    {
        if (ear.Seconds - lastUpdate >= UpdateEvery)
        {
            happened.Add(Turn("Update"));
        }
    }

    FluxTurn Turn(string what)
    {
        lastUpdate = ear.Seconds;
        // A copy: the next turn may begin before anybody reads it.
        return new(what, index, windowStart, ear.Seconds, [.. ear.Whole], Confidence());
    }

    FluxTurn Ended(string trigger)
    {
        var confidence = Confidence();
        var ended = new FluxTurn("EndOfTurn", index++, windowStart, ear.Seconds, ear.Take(all: true), confidence, trigger);
        (started, eager) = (false, false);
        windowStart = lastUpdate = ear.Seconds;
        return ended;
    }

    double Confidence()
    {
        if (ear.HasEnergy || !ear.HasWords)
        {
            return 0.02;
        }

        var last = ear.Whole is [.., var word] ? word : default;
        var slower = last.Text is null || last.Text.EndsWith(',') || Unfinished.Contains(last.Plain) ? 2 : 1;
        var rate = -Math.Log(1 - DefaultThreshold) / (endOfTurn.TotalSeconds * slower);
        return Math.Round(1 - Math.Exp(-rate * ear.SilenceFor.TotalSeconds), 4);
    }
}
