namespace CityMonitor.Simulator.Speech;

/// <summary>Tells which symbol of <see cref="ToneCode"/> a piece of sound is, by the strength of each of its tones (Goertzel).</summary>
static class ToneRecogniser
{
    // 30 ms: over this length all tones are orthogonal, and it fits into a symbol of which the edges are missing.
    const int AnalysisSamples = 240;

    /// <summary>Where in the collected samples the sound itself begins and ends.</summary>
    public static (int First, int Last) Bounds(ReadOnlySpan<short> tone)
    {
        var peak = 0;
        for (var i = 0; i < tone.Length; i++)
        {
            peak = Math.Max(peak, Math.Abs((int)tone[i]));
        }

        var floor = peak / 16;
        var first = 0;
        while (first < tone.Length - 1 && Math.Abs((int)tone[first]) <= floor)
        {
            first++;
        }

        var last = tone.Length - 1;
        while (last > first && Math.Abs((int)tone[last]) <= floor)
        {
            last--;
        }

        return (first, last);
    }

    /// <summary>The byte that the sound from <paramref name="first"/> to <paramref name="last"/> stands for, or null when it is no symbol.</summary>
    public static byte? Recognise(ReadOnlySpan<short> tone, int first, int last)
    {
        var start = Math.Clamp((first + last + 1 - AnalysisSamples) / 2, 0, Math.Max(0, tone.Length - AnalysisSamples));
        var window = tone.Slice(start, Math.Min(AnalysisSamples, tone.Length - start));
        var total = 0.0;
        foreach (var sample in window)
        {
            total += (double)sample * sample;
        }

        var (low, lowPower) = Strongest(window, ToneCode.LowTones);
        var (high, highPower) = Strongest(window, ToneCode.HighTones);

        // Share of the window's energy: both tones together must hold nearly all of it, each about half.
        var lowShare = 2 * lowPower / (window.Length * total);
        var highShare = 2 * highPower / (window.Length * total);
        return lowShare > 0.25 && highShare > 0.25 ? (byte)((low << 4) | high) : null;
    }

    static (int Index, double Power) Strongest(ReadOnlySpan<short> window, ReadOnlySpan<double> tones)
    {
        var best = 0;
        var bestPower = -1.0;
        for (var i = 0; i < tones.Length; i++)
        {
            var power = Goertzel(window, tones[i]);
            if (power > bestPower)
            {
                (best, bestPower) = (i, power);
            }
        }

        return (best, bestPower);
    }

    static double Goertzel(ReadOnlySpan<short> window, double frequency)
    {
        var coefficient = 2 * Math.Cos(2 * Math.PI * frequency / MuLaw.SampleRate);
        double previous = 0, beforePrevious = 0;
        foreach (var sample in window)
        {
            var next = sample + (coefficient * previous) - beforePrevious;
            beforePrevious = previous;
            previous = next;
        }

        return (previous * previous) + (beforePrevious * beforePrevious) - (coefficient * previous * beforePrevious);
    }
}
