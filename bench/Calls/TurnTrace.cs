namespace CityMonitor.Bench.Calls;

/// <summary>One turn of a cascade as all around it saw it, in timestamps; 0 for what did not happen.</summary>
sealed class TurnTrace
{
    const int MostFrames = 60;

    readonly long[] frames = new long[MostFrames];
    int sent;

    /// <summary>The ear's vendor has heard all of the utterance, and its word that the caller has ended leaves.</summary>
    public long Final { get; set; }

    /// <summary>Frames that had been sent behind the last sound when our own detector was known to have heard its end; 0 where that was not told.</summary>
    public int Pause { get; private set; }

    public long ModelAsked { get; set; }

    public long VoiceAsked { get; set; }

    /// <summary>The first audio of the answer at the phone.</summary>
    public long Heard { get; set; }

    /// <summary>When the frame that ends the utterance was sent (0), and those behind it.</summary>
    public long Frame(int index) => frames[index];

    public void FrameLeaves(long now)
    {
        if (sent < MostFrames)
        {
            frames[sent] = now;
            Volatile.Write(ref sent, sent + 1);
        }
    }

    public void PauseHeard() => Pause = Pause == 0 ? Volatile.Read(ref sent) : Pause;
}
