using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Playback;

/// <summary>A piece of what the agent says: one or a few sentences and where their audio lies in all that was sent to the phone.</summary>
sealed class Segment(string text, long start)
{
    public string Text { get; set; } = text;

    /// <summary>The vendor has sent audio and not yet its text.</summary>
    public bool AwaitsText { get; set; }

    /// <summary>No part of what the agent says: see <see cref="HoldingPhrases"/>.</summary>
    public bool IsHolding => HoldingPhrases.IsOne(Text);

    /// <summary>First byte, counted from the start of the stream.</summary>
    public long Start { get; } = start;

    /// <summary>One behind the last byte; -1 while more may come.</summary>
    public long End { get; set; } = -1;

    public bool IsOpen => End < 0;

    /// <summary>First byte of sound: voices breathe before the first word and behind the last, and that is no part of a word.</summary>
    public long SoundStart { get; private set; } = start;

    /// <summary>One behind the last byte of sound so far.</summary>
    public long SoundEnd { get; private set; } = start;

    public bool HasSound => SoundEnd > Start;

    /// <summary>When its first audio is heard, in ms of the playout's clock; NaN before there is any.</summary>
    public double AudibleAtMs { get; set; } = double.NaN;

    /// <summary>Audio of this segment that lies at <paramref name="position"/>.</summary>
    public void Add(ReadOnlySpan<byte> audio, long position)
    {
        const int Window = 160;
        const double Quiet = 160.0 * 160;
        var hadSound = HasSound;
        for (var end = audio.Length; end > 0; end -= Window)
        {
            if (MuLaw.MeanSquare(audio[Math.Max(0, end - Window)..end]) > Quiet)
            {
                SoundEnd = position + end;
                break;
            }
        }

        for (var at = 0; !hadSound && HasSound && at < audio.Length; at += Window)
        {
            if (MuLaw.MeanSquare(audio[at..Math.Min(audio.Length, at + Window)]) > Quiet)
            {
                SoundStart = position + at;
                return;
            }
        }
    }
}

/// <summary>What became of a segment at the phone.</summary>
/// <param name="Text">What was heard of it, to the last whole word.</param>
/// <param name="Interrupted">The rest was not heard.</param>
/// <param name="Unheard">From the first sentence that was not heard to its end; empty when all was.</param>
readonly record struct Spoken(string Text, bool Interrupted, string Unheard);
