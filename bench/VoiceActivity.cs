using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.Bench;

/// <summary>Our speech detector on real speech: what it misses, what it hears where nobody speaks, and how late it is.</summary>
static class VoiceActivity
{
    const int Frame = 160;
    const int PrerollMs = 200;

    public static async Task<int> RunAsync()
    {
        var utterances = await EspeakCorpus.SpeakAsync();
        var (timeline, truth) = Lay(utterances);
        var noises = new (string Name, Func<Task<float[]>> Make, double[] Snr)[]
        {
            ("silence", () => Task.FromResult(new float[timeline.Length]), [double.PositiveInfinity]),
            ("white", () => Task.FromResult(EspeakCorpus.White(timeline.Length)), [30, 20, 15, 10, 5]),
            ("hum and fan", () => Task.FromResult(EspeakCorpus.Hum(timeline.Length)), [30, 20, 15, 10, 5]),
            ("street", () => Task.FromResult(EspeakCorpus.Street(timeline.Length)), [30, 20, 15, 10, 5]),
            ("babble of 8", () => EspeakCorpus.BabbleAsync(timeline.Length), [30, 20, 15, 10, 5]),
        };
        var quiet = (timeline.Length - truth.Sum(t => t.End - t.Start)) / (double)EspeakCorpus.Rate / 60;
        Console.WriteLine($"{truth.Count} utterances, {timeline.Length / EspeakCorpus.Rate} s, {quiet:0.0} min of them without speech");
        Console.WriteLine("| Noise | SNR | Missed | False starts/min | Start seen after, p50 / p95 | First sound lost | End seen after, p50 / p95 | Split |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var (name, make, snrs) in noises)
        {
            foreach (var snr in snrs)
            {
                var noise = await make();
                if (double.IsFinite(snr))
                {
                    EspeakCorpus.Scale(noise, snr);
                }

                var r = Judge(Encode(timeline, noise), truth);
                Console.WriteLine(
                    $"| {name} | {(double.IsFinite(snr) ? $"{snr:0} dB" : "-")} | {r.Missed} | {r.False / quiet:0.0} | {P(r.StartDelays, 50)} / {P(r.StartDelays, 95)} ms | {r.Clipped} | {P(r.EndDelays, 50)} / {P(r.EndDelays, 95)} ms | {r.Split} |");
            }
        }

        Speed(Encode(timeline, EspeakCorpus.White(timeline.Length)));
        return 0;
    }

    /// <summary>Utterances with 1.2 to 3 s between them, after 3 s to get used to the line.</summary>
    static (float[] Signal, IReadOnlyList<(int Start, int End)> Truth) Lay(IReadOnlyList<float[]> utterances)
    {
        var random = new Random(7);
        var truth = new List<(int, int)>();
        var at = 3 * EspeakCorpus.Rate;
        foreach (var utterance in utterances)
        {
            truth.Add((at, at + utterance.Length));
            at += utterance.Length + (int)(EspeakCorpus.Rate * (1.2 + (random.NextDouble() * 1.8)));
        }

        var signal = new float[at];
        foreach (var ((start, _), utterance) in truth.Zip(utterances))
        {
            utterance.CopyTo(signal, start);
        }

        return (signal, truth);
    }

    static byte[] Encode(float[] speech, float[] noise) =>
        [.. speech.Zip(noise, (s, n) => MuLaw.Encode((short)Math.Clamp(s + n, short.MinValue, short.MaxValue)))];

    sealed record Result(int Missed, int False, int Clipped, int Split, List<double> StartDelays, List<double> EndDelays);

    static Result Judge(byte[] line, IReadOnlyList<(int Start, int End)> truth)
    {
        const int Tolerance = 50 * EspeakCorpus.Rate / 1000;
        var detector = new SpeechDetector();
        var spans = new List<(int Seen, long Onset, int Ended)>();
        for (var at = 0; at + Frame <= line.Length; at += Frame)
        {
            var heard = detector.Feed(line.AsSpan(at, Frame));
            var now = at + Frame;
            if ((heard & Heard.SpeechStarted) != 0)
            {
                spans.Add((now, now - detector.SinceOnset, int.MaxValue));
            }

            if ((heard & Heard.SpeechEnded) != 0)
            {
                spans[^1] = spans[^1] with { Ended = now };
            }
        }

        var result = new Result(
            truth.Count(t => !spans.Any(s => s.Seen > t.Start && s.Onset < t.End + Tolerance)),
            spans.Count(s => !truth.Any(t => s.Ended > t.Start && s.Onset < t.End + Tolerance)),
            0, 0, [], []);
        var (clipped, split) = (0, 0);
        foreach (var (start, end) in truth)
        {
            var of = spans.Where(s => s.Seen > start && s.Onset < end + Tolerance && s.Ended > start).ToList();
            if (of.Count == 0)
            {
                continue;
            }

            result.StartDelays.Add(Math.Max(0, of[0].Seen - start) * 1000.0 / EspeakCorpus.Rate);
            clipped += of[0].Onset - (PrerollMs * EspeakCorpus.Rate / 1000) > start ? 1 : 0;
            split += of.Count - 1;
            if (of[^1].Ended != int.MaxValue)
            {
                result.EndDelays.Add(Math.Max(0, of[^1].Ended - end) * 1000.0 / EspeakCorpus.Rate);
            }
        }

        return result with { Clipped = clipped, Split = split };
    }

    static void Speed(byte[] line)
    {
        var detector = new SpeechDetector();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var frames = 0;
        for (var round = 0; round < 5; round++)
        {
            for (var at = 0; at + Frame <= line.Length; at += Frame, frames++)
            {
                detector.Feed(line.AsSpan(at, Frame));
            }
        }

        Console.WriteLine($"{watch.Elapsed.TotalMicroseconds / frames:0.00} us and {(GC.GetAllocatedBytesForCurrentThread() - before) / frames} bytes a frame (load {Latency.Load()})");
    }

    static string P(List<double> values, int percent) => values.Count == 0 ? "-" : $"{values.Order().ElementAt(Math.Min(values.Count - 1, values.Count * percent / 100)):0}";
}
