using CityMonitor.MediaBridge.Speech;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>
/// A sound of the caller's that is over and that no ear has written down, nor let pass as noise: the caller waits for an answer, and
/// nobody knows of a question. Whatever is broken, it ends: another ear is played the sound, and if that has no words either in time, the caller is asked.
/// </summary>
sealed partial class CascadeEngine
{
    /// <summary>An ear that has said something, and no words, this long after it was told of a sound's end takes the sound for noise.</summary>
    const double NoWordsAfterMs = 1500;

    /// <summary>Behind "one moment, please", and before a caller gives up.</summary>
    const double SayAgainAfterMs = 5000;

    /// <summary>Since when the ear of now knows of the end of the sound; -1 where no words are owed.</summary>
    double unwrittenSince = -1;

    int voicedMs;
    double sayAgainAt;

    /// <summary>Words of the sound of now, or the last one, have come; whatever became of them.</summary>
    bool written;

    public bool OwesWords => unwrittenSince >= 0 || taker.HasWords;

    /// <summary>The sound is over. It may be as short as a "yes": an ear that lives says so where it was no word.</summary>
    void Owe(double now)
    {
        if (!written)
        {
            (unwrittenSince, sayAgainAt) = (now, now + SayAgainAfterMs);
        }
    }

    /// <summary>The words of an ear that is lost are nobody's; the next one hears them again.</summary>
    void Unwrite()
    {
        if (taker.HasWords)
        {
            written = false;
            if (!callerSpeaks)
            {
                Owe(events.NowMs);
            }
        }
        else if (unwrittenSince >= 0)
        {
            unwrittenSince = events.NowMs; // what the lost one said proves nothing
        }

        doubted = "";
        taker.HearAgain();
    }

    void Written(Transcript transcript)
    {
        written |= transcript.Text.Length > 0;
        if (unwrittenSince >= 0 && (transcript.IsFinal || transcript.Text.Length > 0))
        {
            unwrittenSince = -1;
            if (transcript.Text.Length == 0 && !soundPending)
            {
                events.NothingSaid(this);
            }
        }
    }

    /// <summary>Another ear has been played the sound to its end; it may be mute as well.</summary>
    void HearsTheSoundNow()
    {
        if (unwrittenSince >= 0)
        {
            unwrittenSince = events.NowMs;
            muteAt = voicedMs >= shortestProof ? unwrittenSince + MuteAfterMs : -1;
        }
    }

    void WatchUnwritten(double now)
    {
        if (unwrittenSince < 0 || callerSpeaks || taker.HasWords)
        {
            return;
        }

        if (now - unwrittenSince >= NoWordsAfterMs && lastAliveMs > unwrittenSince && !ear.IsWriting)
        {
            unwrittenSince = -1;
            events.NothingSaid(this);
        }
        else if (now >= sayAgainAt && !answering && !mouth.HasWords && !events.AgentSpeech.Talking)
        {
            unwrittenSince = -1;
            CascadeLog.NotUnderstood(log);
            events.NotUnderstood(this);
        }
    }
}
