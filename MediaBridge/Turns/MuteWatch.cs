namespace CityMonitor.MediaBridge.Turns;

enum MuteVerdict
{
    Fine,

    /// <summary>Nothing to be heard for too long, but the vendor lives: fill the gap, wait on.</summary>
    Slow,

    /// <summary>The vendor is silent: fill the gap and open another engine.</summary>
    Mute,
}

/// <summary>
/// Notices a vendor whose socket is open and that says nothing. Two clocks: a vendor must react within 1.5 s of the end of the caller's
/// utterance, and be heard within 2.5 s of a turn that asks for an answer (5 s where it shows that it is at work).
/// </summary>
sealed class MuteWatch
{
    public const double ReactWithinMs = 1500;
    public const double SpeakWithinMs = 2500;
    public const double SpeakWithinAtMostMs = 5000;

    double reactBy = -1;
    double speakBy = -1;
    double turnAt;
    bool signOfLife;
    bool filled;

    /// <summary>An answer is due.</summary>
    public bool ExpectsAnswer => speakBy >= 0;

    /// <summary>The caller has stopped speaking at <paramref name="endedMs"/>.</summary>
    public void CallerStopped(double endedMs) => reactBy = endedMs + ReactWithinMs;

    public void CallerStarted()
    {
        // Whatever the vendor owed, it now has to listen again.
        reactBy = -1;
        speakBy = -1;
    }

    /// <summary>Any event of the vendor.</summary>
    public void VendorAlive()
    {
        reactBy = -1;
        signOfLife = true;
    }

    /// <summary>The vendor now owes something audible: a turn of the caller was understood, a tool was answered, a text was to be said.</summary>
    public void TurnTaken(double nowMs)
    {
        reactBy = -1;
        turnAt = nowMs;
        speakBy = nowMs + SpeakWithinMs;
        signOfLife = false;
        filled = false;
    }

    /// <summary>Audio came, or a tool is running and we are the ones who owe.</summary>
    public void Answered() => speakBy = -1;

    public void Reset()
    {
        reactBy = -1;
        speakBy = -1;
    }

    public MuteVerdict Tick(double nowMs, bool audible)
    {
        if (audible)
        {
            // No dead air, so no reason to act; a vendor may well ignore a cough or an "mhm" while it speaks.
            reactBy = -1;
            return MuteVerdict.Fine;
        }

        if (reactBy >= 0 && nowMs >= reactBy)
        {
            Reset();
            return MuteVerdict.Mute;
        }

        if (speakBy < 0 || nowMs < speakBy)
        {
            return MuteVerdict.Fine;
        }

        if (signOfLife && !filled)
        {
            filled = true;
            speakBy = turnAt + SpeakWithinAtMostMs;
            return MuteVerdict.Slow;
        }

        Reset();
        return MuteVerdict.Mute;
    }
}
