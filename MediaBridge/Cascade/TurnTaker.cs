using System.Text;
using CityMonitor.MediaBridge.Speech;

namespace CityMonitor.MediaBridge.Cascade;

enum TurnStepKind
{
    None,

    /// <summary>Words that stop the agent.</summary>
    BargeIn,

    /// <summary>Words that only say that the caller listens: the agent goes on.</summary>
    Backchannel,

    /// <summary>Probably the end of the turn: the model may start.</summary>
    Likely,

    /// <summary>It was not: what was started is withdrawn.</summary>
    WentOn,

    /// <summary>The end of the turn.</summary>
    Ended,
}

readonly record struct TurnStep(TurnStepKind Kind, string Text = "");

/// <param name="EagerSilenceMs">Silence after which words that sound finished are likely to be all.</param>
/// <param name="LowSensitivity">Only a fourth word interrupts the agent.</param>
sealed record TurnTakerSettings(
    int EndSilenceMs = 600, int OpenClauseSilenceMs = 1300, int DigitsSilenceMs = 1500, bool Eager = true, int EagerSilenceMs = 200, bool LowSensitivity = false)
{
    /// <summary>An unfinished transcript becomes final soon after the silence, or never.</summary>
    public int FinalWithinMs { get; init; } = 1200;

    /// <summary>The vendor hears silence and our detector does not: then the vendor is right, after this.</summary>
    public int NoisySilenceMs { get; init; } = 900;

    /// <summary>Something sounds on, and nobody has written down a further word for so long: a street or a radio, and the turn is over.</summary>
    public int SoundOnlyMs { get; init; } = 6000;
}

/// <summary>
/// Decides whose turn it is, from what our detector hears, what the vendor writes down and the words themselves. Pure: events and the
/// time in (ms of any clock), steps out by <see cref="Next"/>, which is asked after each event and about every 50 ms.
/// </summary>
sealed class TurnTaker(TurnTakerSettings settings)
{
    readonly StringBuilder final = new();
    string interim = "";
    string? likely;
    string usedInterim = "";
    SpeechEnd end;
    double endAt;
    double lastWordsAt;
    double silentSince;
    bool detectorSpeaks;
    bool detectorHeard;
    bool agentTalks;
    bool agentAsked;
    bool interrupted;
    bool hearsAgain;
    bool silentSinceFinish;

    /// <summary>What the caller has said in this turn so far.</summary>
    public string Text => interim.Length == 0 ? final.ToString() : final.Length == 0 ? interim : $"{final} {interim}";

    /// <summary>Words of a turn that is not over.</summary>
    public bool HasWords => interim.Length > 0 || final.Length > 0;

    public void CallerStarted()
    {
        detectorSpeaks = true;
        detectorHeard = true;
        silentSinceFinish = false;
        hearsAgain = false;
        end = SpeechEnd.None;
    }

    /// <param name="silentSinceMs">When the last sound was.</param>
    public void CallerStopped(double silentSinceMs)
    {
        detectorSpeaks = false;
        silentSince = silentSinceMs;
    }

    /// <param name="talks">The agent is being heard, or would be if the caller's sound had not stopped it.</param>
    /// <param name="asked">What was heard of it ends in a question: then a "right" is an answer.</param>
    public void AgentTalks(bool talks, bool asked)
    {
        agentTalks = talks;
        agentAsked = asked;
        interrupted &= talks;
    }

    public void Heard(Transcript transcript, double now)
    {
        var text = WithoutWhatWasUsed(transcript);
        if (text.Length > 0)
        {
            if (!Words.Same(transcript.IsFinal ? Joined(text) : $"{final} {text}", Text))
            {
                lastWordsAt = now;
            }

            if (transcript.IsFinal)
            {
                Append(text);
                interim = "";
            }
            else
            {
                interim = text;
            }
        }
        else if (transcript.IsFinal)
        {
            interim = ""; // it was nothing after all
        }

        if (transcript.End != SpeechEnd.None && HasWords)
        {
            (end, endAt) = (transcript.End, now);
        }
        else if (text.Length > 0)
        {
            end = SpeechEnd.None;
        }
    }

    /// <summary>The vendor was replaced and hears the utterance again from its beginning.</summary>
    public void HearAgain()
    {
        final.Clear();
        interim = "";
        usedInterim = "";
        end = SpeechEnd.None;
        hearsAgain = true;
    }

    public TurnStep Next(double now)
    {
        if (!HasWords)
        {
            return likely is null ? default : Withdraw();
        }

        if (likely is not null && !Words.Same(likely, Text))
        {
            return Withdraw();
        }

        if (agentTalks && !interrupted)
        {
            return WhileTheAgentTalks(now);
        }

        if (Certain(now))
        {
            var text = Text;
            Finish();
            return new TurnStep(TurnStepKind.Ended, text);
        }

        if (likely is null && settings.Eager && Probable(now))
        {
            likely = Text;
            return new TurnStep(TurnStepKind.Likely, likely);
        }

        return default;
    }

    TurnStep WhileTheAgentTalks(double now)
    {
        if (likely is not null)
        {
            return Withdraw(); // what is stopped or ignored now must not be confirmed later
        }

        var listens = !agentAsked && (Words.IsBackchannel(Text) || (settings.LowSensitivity && Words.Of(Text).Count <= 3));
        if (!listens)
        {
            interrupted = true;
            return new TurnStep(TurnStepKind.BargeIn, Text);
        }

        if (!Certain(now))
        {
            return default;
        }

        var text = Text;
        Finish();
        return new TurnStep(TurnStepKind.Backchannel, text);
    }

    TurnStep Withdraw()
    {
        var was = likely!;
        likely = null;
        return new TurnStep(TurnStepKind.WentOn, was);
    }

    void Finish()
    {
        usedInterim = interim; // its final form may still come
        silentSinceFinish = detectorHeard && !detectorSpeaks;
        final.Clear();
        interim = "";
        likely = null;
        end = SpeechEnd.None;
        detectorHeard = detectorSpeaks;
        interrupted = false;
        hearsAgain = false;
    }

    bool Certain(double now)
    {
        if (end == SpeechEnd.Certain)
        {
            return true;
        }

        var finish = Words.FinishOf(Text);
        if (detectorSpeaks)
        {
            return (end == SpeechEnd.Silence && finish == Cascade.Finish.Finished && now - endAt >= settings.NoisySilenceMs) || now - lastWordsAt >= settings.SoundOnlyMs;
        }

        var silence = Silence(now);
        return finish switch
        {
            Cascade.Finish.Digits => silence >= settings.DigitsSilenceMs,
            Cascade.Finish.Open => silence >= settings.OpenClauseSilenceMs,
            _ when end == SpeechEnd.Silence => true,
            _ => silence >= (interim.Length == 0 ? settings.EndSilenceMs : settings.FinalWithinMs),
        };
    }

    bool Probable(double now) =>
        !detectorSpeaks && Words.FinishOf(Text) == Cascade.Finish.Finished && (end == SpeechEnd.Likely || Silence(now) >= settings.EagerSilenceMs);

    /// <summary>Since the last sound; where our detector has not heard the words, or they are heard a second time and long after, since the last of them came.</summary>
    double Silence(double now) => now - (hearsAgain ? Math.Max(silentSince, lastWordsAt) : detectorHeard ? silentSince : lastWordsAt);

    /// <summary>A turn that ended on an unfinished transcript is followed by its finished form: that is no new turn, in other words neither.</summary>
    string WithoutWhatWasUsed(Transcript transcript)
    {
        if (usedInterim.Length == 0)
        {
            return transcript.Text;
        }

        var (used, words) = (Words.Of(usedInterim), Words.Of(transcript.Text));
        var repeats = words.Count >= used.Count ? words.Take(used.Count).SequenceEqual(used, StringComparer.Ordinal) : used.Take(words.Count).SequenceEqual(words, StringComparer.Ordinal);
        var isOther = transcript.IsFinal && silentSinceFinish && words.Count <= used.Count + 1;
        if (transcript.IsFinal || !repeats)
        {
            usedInterim = "";
        }

        return !repeats ? isOther ? "" : transcript.Text : words.Count <= used.Count ? "" : string.Join(' ', transcript.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeLast(words.Count - used.Count));
    }

    string Joined(string text) => final.Length == 0 ? text : $"{final} {text}";

    void Append(string text)
    {
        if (final.Length > 0)
        {
            final.Append(' ');
        }

        final.Append(text);
    }
}
