namespace CityMonitor.MediaBridge.Playback;

/// <summary>A piece of what the agent says: one or a few sentences and where their audio lies in all that was sent to the phone.</summary>
sealed class Segment(string text, long start)
{
    public string Text { get; set; } = text;

    /// <summary>The vendor has sent audio and not yet its text.</summary>
    public bool AwaitsText { get; set; }

    /// <summary>First byte, counted from the start of the stream.</summary>
    public long Start { get; } = start;

    /// <summary>One behind the last byte; -1 while more may come.</summary>
    public long End { get; set; } = -1;

    public bool IsOpen => End < 0;
}

/// <summary>What became of a segment at the phone.</summary>
/// <param name="Text">What was heard of it, to the last whole word.</param>
/// <param name="Interrupted">The rest was not heard.</param>
/// <param name="Unheard">From the first sentence that was not heard to its end; empty when all was.</param>
readonly record struct Spoken(string Text, bool Interrupted, string Unheard);
