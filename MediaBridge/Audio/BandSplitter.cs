namespace CityMonitor.MediaBridge.Audio;

/// <summary>
/// Splits 8 kHz mu-law into 0-500, 500-1000, 1000-2000 and 2000-4000 Hz by halving three times: pairs of all-pass filters whose sum is
/// the lower half and whose difference is the upper, at half the rate. Less than a microsecond a frame.
/// </summary>
struct BandSplitter
{
    public const int Bands = 4;

    Half whole;
    Half lower;
    Half lowest;

    /// <summary>The mean square of each band, scaled as the sample's; and of the frame.</summary>
    public double Split(ReadOnlySpan<byte> mulaw, Span<double> energies)
    {
        energies.Clear();
        var counts = (stackalloc int[Bands]);
        var total = 0.0;
        foreach (var value in mulaw)
        {
            var sample = MuLaw.Decode(value);
            total += (double)sample * sample;
            if (!whole.Add(sample, out var low, out var high))
            {
                continue;
            }

            Count(energies, counts, 3, high);
            if (!lower.Add(low, out low, out high))
            {
                continue;
            }

            Count(energies, counts, 2, high);
            if (lowest.Add(low, out low, out high))
            {
                Count(energies, counts, 1, high);
                Count(energies, counts, 0, low);
            }
        }

        for (var band = 0; band < Bands; band++)
        {
            energies[band] /= Math.Max(1, counts[band]);
        }

        return total / mulaw.Length;
    }

    static void Count(Span<double> energies, Span<int> counts, int band, float value)
    {
        energies[band] += (double)value * value;
        counts[band]++;
    }

    /// <summary>One halving. The coefficients are the usual pair for a half-band of two all-passes of the first order.</summary>
    struct Half
    {
        float even;
        float odd;
        float waiting;
        bool hasOne;

        /// <returns>True at every second sample: there is a result.</returns>
        public bool Add(float sample, out float low, out float high)
        {
            if (!hasOne)
            {
                (waiting, hasOne, low, high) = (sample, true, 0, 0);
                return false;
            }

            hasOne = false;
            var first = AllPass(waiting, 0.17f, ref even);
            var second = AllPass(sample, 0.64f, ref odd);
            low = (first + second) / 2;
            high = (first - second) / 2;
            return true;
        }

        static float AllPass(float input, float coefficient, ref float state)
        {
            var output = state + (coefficient * input);
            state = input - (coefficient * output);
            return output;
        }
    }
}
