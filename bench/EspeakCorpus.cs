using System.Diagnostics;

namespace CityMonitor.Bench;

/// <summary>Speech of espeak-ng as a telephone carries it: 8 kHz, 300 to 3400 Hz, one level for all. And the noises that lines have.</summary>
static class EspeakCorpus
{
    public const int Rate = 8000;

    /// <summary>-26 dBov, the level that speech is measured at.</summary>
    const double SpeechRms = 32768 * 0.05;

    static readonly string[] s_voices = ["en-us", "en-gb", "en-us+f3", "en-gb+f2", "en-us+m3", "en-gb-x-rp+m7", "en-029+f4", "en-us+croak"];

    // What a responder says, one-word answers first: they are the ones that a detector misses.
    static readonly string[] s_phrases =
    [
        "Yes.", "No.", "Hello?", "Okay.", "Speaking.", "What?", "Accept.", "Ten minutes.", "Yes, I accept.", "Who is this?",
        "This is unit seven.", "Five five five, zero one two four.", "Can you repeat the address?", "I am on my way, about fifteen minutes.",
        "No, that is the wrong number.", "Hold on a second, I am driving.", "Send it to this number, please.", "Fire department, station four, Miller speaking.",
        "She said the second floor is full of smoke.", "How sure is the camera?",
    ];

    public static async Task<IReadOnlyList<float[]>> SpeakAsync()
    {
        var spoken = new List<float[]>();
        for (var i = 0; i < s_phrases.Length * 2; i++)
        {
            spoken.Add(Scaled(await SpeakAsync(s_phrases[i % s_phrases.Length], s_voices[i * 5 % s_voices.Length], 130 + (i * 17 % 70))));
        }

        return spoken;
    }

    /// <summary>Eight people talking at once, without end.</summary>
    public static async Task<float[]> BabbleAsync(int samples)
    {
        var babble = new float[samples];
        for (var speaker = 0; speaker < 8; speaker++)
        {
            var text = string.Join(' ', Enumerable.Range(0, 12).Select(i => s_phrases[(s_phrases.Length - 1 - ((i + speaker * 3) % 12))]));
            var voice = await SpeakAsync(text, s_voices[speaker], 140 + (speaker * 9));
            for (var i = 0; i < samples; i++)
            {
                babble[i] += voice[(i + speaker * 7919) % voice.Length];
            }
        }

        return babble;
    }

    public static float[] White(int samples)
    {
        var random = new Random(1);
        return Telephone([.. Enumerable.Range(0, samples).Select(_ => (float)((random.NextDouble() * 2) - 1))]);
    }

    /// <summary>Mains and its harmonics as they come through a bad ground, and a fan.</summary>
    public static float[] Hum(int samples)
    {
        var fan = White(samples);
        return [.. Enumerable.Range(0, samples).Select(i => (float)(Enumerable.Range(1, 12).Sum(h => Math.Sin(2 * Math.PI * 50 * h * i / Rate + h) / h) + (0.3 * fan[i])))];
    }

    /// <summary>Traffic: low noise that swells and sinks by 11 dB within seconds.</summary>
    public static float[] Street(int samples)
    {
        var white = White(samples);
        var street = new float[samples];
        var low = 0f;
        for (var i = 0; i < samples; i++)
        {
            low += 0.25f * (white[i] - low);
            street[i] = low * (float)(1 + (0.4 * Math.Sin(2 * Math.PI * i / Rate / 5.3)) + (0.15 * Math.Sin(2 * Math.PI * i / Rate / 1.7)));
        }

        return street;
    }

    /// <summary>So that speech of this corpus stands the given number of dB above it.</summary>
    public static void Scale(float[] noise, double snr)
    {
        var gain = (float)(SpeechRms / Math.Pow(10, snr / 20) / Rms(noise));
        for (var i = 0; i < noise.Length; i++)
        {
            noise[i] *= gain;
        }
    }

    static double Rms(ReadOnlySpan<float> signal)
    {
        var sum = 0.0;
        foreach (var sample in signal)
        {
            sum += sample * sample;
        }

        return Math.Sqrt(sum / signal.Length);
    }

    /// <summary>Only the voice, from its first sound to its last, at its level.</summary>
    static float[] Scaled(float[] voice)
    {
        const int Window = 80;
        var peak = Enumerable.Range(0, voice.Length / Window).Max(i => Rms(voice.AsSpan(i * Window, Window)));
        var loud = Enumerable.Range(0, voice.Length / Window).Where(i => Rms(voice.AsSpan(i * Window, Window)) > peak * 0.02).ToList();
        var cut = voice[(loud[0] * Window)..((loud[^1] + 1) * Window)];
        var active = Enumerable.Range(0, cut.Length / Window).Select(i => Rms(cut.AsSpan(i * Window, Window))).Where(rms => rms > peak * 0.1).ToList();
        var gain = (float)(SpeechRms / Math.Sqrt(active.Average(rms => rms * rms)));
        return [.. cut.Select(sample => sample * gain)];
    }

    static async Task<float[]> SpeakAsync(string text, string voice, int wordsPerMinute)
    {
        var start = new ProcessStartInfo("espeak-ng") { RedirectStandardOutput = true, ArgumentList = { "--stdout", "-v", voice, "-s", $"{wordsPerMinute}", text } };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("espeak-ng did not start; on Debian: apt-get install espeak-ng");
        using var wav = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(wav);
        await process.WaitForExitAsync();
        var bytes = wav.GetBuffer().AsMemory(0, (int)wav.Length);

        // RIFF header of 44 bytes, 16 bits, one channel, 22,050 Hz; its lengths are unknown to a pipe.
        var rate = BitConverter.ToInt32(bytes.Span[24..]);
        var samples = new float[(bytes.Length - 44) / 2];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = BitConverter.ToInt16(bytes.Span[(44 + (2 * i))..]);
        }

        return Telephone(Resample(samples, rate));
    }

    static float[] Resample(float[] signal, int rate)
    {
        // A windowed sinc at 3.6 kHz, evaluated where the samples of 8 kHz fall.
        const int Half = 48;
        var cutoff = 3600.0 / rate;
        var result = new float[(int)((long)signal.Length * Rate / rate)];
        for (var i = 0; i < result.Length; i++)
        {
            var at = (double)i * rate / Rate;
            var sum = 0.0;
            for (var k = (int)at - Half; k <= (int)at + Half; k++)
            {
                if (k >= 0 && k < signal.Length)
                {
                    var x = k - at;
                    var sinc = x == 0 ? 2 * cutoff : Math.Sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
                    sum += signal[k] * sinc * (0.5 + (0.5 * Math.Cos(Math.PI * x / (Half + 1))));
                }
            }

            result[i] = (float)sum;
        }

        return result;
    }

    /// <summary>Nothing below 300 Hz, as a telephone has it.</summary>
    static float[] Telephone(float[] signal)
    {
        var (q, w) = (0.707, 2 * Math.PI * 300 / Rate);
        var alpha = Math.Sin(w) / (2 * q);
        var (b0, b1, a0, a1, a2) = ((1 + Math.Cos(w)) / 2, -(1 + Math.Cos(w)), 1 + alpha, -2 * Math.Cos(w), 1 - alpha);
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        var result = new float[signal.Length];
        for (var i = 0; i < signal.Length; i++)
        {
            var y = ((b0 * signal[i]) + (b1 * x1) + (b0 * x2) - (a1 * y1) - (a2 * y2)) / a0;
            (x2, x1, y2, y1) = (x1, signal[i], y1, y);
            result[i] = (float)y;
        }

        return result;
    }
}
