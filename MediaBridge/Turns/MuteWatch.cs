namespace CityMonitor.MediaBridge.Turns;

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
    double turnAt = -1;
    bool signOfLife;

    /// <summary>An answer is due.</summary>
    public bool ExpectsAnswer => turnAt >= 0;

    /// <summary>The caller has stopped speaking at <paramref name="endedMs"/>.</summary>
    public void CallerStopped(double endedMs) => reactBy = endedMs + ReactWithinMs;

    /// <summary>Whatever the vendor owed, it now has to listen again.</summary>
    public void CallerStarted() => Reset();

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
        signOfLife = false;
    }

    /// <summary>Audio came, or a tool is running and we are the ones who owe.</summary>
    public void Answered() => turnAt = -1;

    public void Reset()
    {
        reactBy = -1;
        turnAt = -1;
    }

    /// <summary>Whether the vendor is to be given up.</summary>
    /// <param name="audible">The vendor's voice or the caller's is to be heard.</param>
    public bool IsMute(double nowMs, bool audible)
    {
        if (audible)
        {
            // No dead air, so no reason to act; a vendor may well ignore a cough or an "mhm" while it speaks.
            reactBy = -1;
            return false;
        }

        var mute = (reactBy >= 0 && nowMs >= reactBy) || (turnAt >= 0 && nowMs >= turnAt + (signOfLife ? SpeakWithinAtMostMs : SpeakWithinMs));
        if (mute)
        {
            Reset();
        }

        return mute;
    }
}
