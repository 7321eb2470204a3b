namespace CityMonitor.MediaBridge.Turns;

/// <summary>
/// No dead air, whatever is broken: as long as our side owes words, the phone hears something before it has been silent for three
/// seconds, again and again. Not while the caller speaks, and not while it is the caller's turn.
/// </summary>
sealed class DeadAir(IReadOnlyList<string> phrases)
{
    /// <summary>The detector is sure of the caller's last word 0.3 s late, and a phrase breathes before its first word.</summary>
    public const double AtMostMs = 2300;

    double soundedMs;
    double owedMs = double.NaN;
    int next;

    /// <summary>When there was sound last, by the conversation's clock.</summary>
    public double SoundedMs => soundedMs;

    /// <summary>Somebody was heard then.</summary>
    public void Sounded(double atMs) => soundedMs = Math.Max(soundedMs, atMs);

    /// <summary>The phone was silent before this stream began, and words are owed: the first phrase is due at once.</summary>
    public void WasSilentBefore() => (soundedMs, owedMs) = (300 - AtMostMs, 300 - AtMostMs);

    /// <summary>Whether something must be said now; that starts the time again.</summary>
    public bool IsDue(double nowMs, bool owed)
    {
        if (!owed)
        {
            owedMs = double.NaN;
            return false;
        }

        owedMs = double.IsNaN(owedMs) ? nowMs : owedMs;
        if (nowMs - Math.Max(soundedMs, owedMs) < AtMostMs)
        {
            return false;
        }

        soundedMs = nowMs;
        return true;
    }

    /// <summary>The next phrase in turn; null where the language has none.</summary>
    public string? NextPhrase() => phrases.Count == 0 ? null : phrases[next++ % phrases.Count];
}
