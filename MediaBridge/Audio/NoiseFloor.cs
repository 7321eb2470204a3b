namespace CityMonitor.MediaBridge.Audio;

/// <summary>
/// The level of the noise in one band. The mean of frames without speech; and where the line has become louder than that (then
/// everything looks like speech), what the quietest moments of the last two seconds say, since even a long sentence has gaps.
/// </summary>
sealed class NoiseFloor
{
    // 6 blocks of 16 frames are 1.9 s.
    const int Blocks = 6;
    const int FramesPerBlock = 16;

    // The least of many smoothed frames lies below their mean by about this.
    const double BiasOfMinimum = 1.8;

    readonly double[] minima = new double[Blocks];
    double smoothed;
    double blockMinimum = double.MaxValue;
    double minimum = 30.0 * 30;
    int frames;
    int blocks;

    /// <summary>Mean square, as a sample's square.</summary>
    public double Level { get; private set; } = 30.0 * 30;

    public void Add(double energy, bool speech)
    {
        smoothed = frames == 0 && blocks == 0 ? energy : (0.7 * smoothed) + (0.3 * energy);
        blockMinimum = Math.Min(blockMinimum, smoothed);
        if (++frames == FramesPerBlock)
        {
            minima[blocks % Blocks] = blockMinimum;
            frames = 0;
            blocks++;
            blockMinimum = double.MaxValue;
            minimum = double.MaxValue;
            for (var i = 0; i < Math.Min(blocks, Blocks); i++)
            {
                minimum = Math.Min(minimum, minima[i]);
            }

            // A word at the very beginning is no noise: the first half second proves nothing.
            if (blocks > 1 && minimum * BiasOfMinimum > Level)
            {
                Level = minimum * BiasOfMinimum;
            }
        }

        if (energy < Level)
        {
            Level += 0.1 * (energy - Level);
        }
        else
        {
            // What seems to be speech for ever is none: 0.9 dB a second.
            Level += speech ? Math.Min(0.004 * Level, energy - Level) : 0.04 * (energy - Level);
        }
    }
}
