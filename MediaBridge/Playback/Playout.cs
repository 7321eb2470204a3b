using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Playback;

/// <summary>
/// Knows what the phone is playing. Twilio buffers all that we send and says only when a mark is reached, so between marks a clock
/// counts 8 bytes a millisecond, and each mark sets it right. Not thread-safe: its conversation's lock guards it.
/// </summary>
/// <param name="heard">A segment has been played to its end.</param>
sealed class Playout(IPhoneLine line, TimeProvider clock, Action<Segment> heard)
{
    /// <summary>A mark at least this often: what a bridge that dies can be wrong about.</summary>
    public const int MarkEveryBytes = MuLaw.BytesPerSecond;

    // A mark this late is taken as lost, and the clock is believed.
    const long LostMarkMs = 2000;

    readonly List<Segment> segments = [];
    readonly Queue<(int Number, long Position)> marks = new();
    readonly long began = clock.GetTimestamp();

    int generation;
    int nextMark;
    long sent;
    long acknowledged;
    long markedUpTo;
    double emptyAtMs;
    double audibleSinceMs;

    /// <summary>Bytes per letter of the voice that speaks, learnt from its finished segments.</summary>
    double bytesPerUnit = HeardText.UsualBytesPerUnit;

    public bool HasOpenSegment => segments.Count > 0 && segments[^1].IsOpen;

    /// <summary>The open segment has a text and audio already: a further text is a segment of its own.</summary>
    public bool OpenSegmentHasAudio => HasOpenSegment && sent > segments[^1].Start;

    /// <summary>The last segment's audio came before its text.</summary>
    public bool LastAwaitsText => segments.Count > 0 && segments[^1].AwaitsText;

    /// <summary>Something is left to be heard, or still to come.</summary>
    public bool IsPlaying => segments.Count > 0 || marks.Count > 0;

    /// <summary>Sound is coming out of the phone now, by the clock.</summary>
    public bool IsAudible => Played < sent;

    /// <summary>How long sound has been coming out without a gap; 0 where none does.</summary>
    public double AudibleMs => IsAudible ? NowMs - audibleSinceMs : 0;

    /// <summary>How long none has come out; 0 where some does.</summary>
    public double QuietMs => IsAudible ? 0 : Math.Max(0, NowMs - emptyAtMs);

    /// <summary>The sound comes from us alone, to fill a gap: neither a chime nor a holding phrase is the vendor's voice.</summary>
    public bool IsOnlyHolding => segments.TrueForAll(segment => segment.IsHolding || segment is { Text.Length: 0, AwaitsText: false });

    /// <summary>The open segment lacks a good part of its words: the vendor broke off in it. Rates are estimates, hence the margin.</summary>
    public bool OpenSegmentLacksWords => HasOpenSegment && Cut(segments[^1], sent) is { Interrupted: true } cut && cut.Text.Length < 0.7 * segments[^1].Text.Length;

    /// <summary>How long until the phone's buffer is empty.</summary>
    public TimeSpan Remaining => TimeSpan.FromMilliseconds((double)(sent - Played) / MuLaw.BytesPerMillisecond);

    /// <summary>All that was handed to the phone and not cleared.</summary>
    public long Sent => sent;

    /// <summary>When each text that is not played to its end began to be heard, oldest first.</summary>
    public IReadOnlyList<DateTimeOffset?> Starts => segments.ConvertAll(StartOf);

    /// <summary>Null for a segment that has no audio yet.</summary>
    public DateTimeOffset? StartOf(Segment segment) =>
        double.IsNaN(segment.AudibleAtMs) ? null : clock.GetUtcNow() + TimeSpan.FromMilliseconds(segment.AudibleAtMs - NowMs);

    double NowMs => clock.GetElapsedTime(began).TotalMilliseconds;

    /// <summary>The play head: bytes that the phone has played.</summary>
    public long Played
    {
        get
        {
            var played = sent - (long)(Math.Max(0, emptyAtMs - NowMs) * MuLaw.BytesPerMillisecond);
            var limit = marks.TryPeek(out var next) ? next.Position : sent;
            return Math.Clamp(played, Math.Min(acknowledged, limit), limit);
        }
    }

    /// <summary>A new piece of speech begins; the one before it is complete.</summary>
    public void Begin(string text)
    {
        Complete();
        segments.Add(new Segment(text, sent));
    }

    /// <summary>The texts that the phone has not played to their end, oldest first.</summary>
    public IEnumerable<string> Pending => segments.Where(segment => segment is { Text.Length: > 0, IsHolding: false }).Select(segment => segment.Text);

    /// <summary>More text of the last segment, or the text of one whose audio came first.</summary>
    public void AddText(string text)
    {
        var segment = segments[^1];
        segment.Text = segment.Text.Length == 0 ? text : $"{segment.Text} {text}";
        segment.AwaitsText = false;
    }

    /// <summary>Audio comes whose text is not known yet.</summary>
    public void BeginUntitled()
    {
        Begin("");
        segments[^1].AwaitsText = true;
    }

    /// <summary>Takes back the text of an open segment that has no audio yet, so that something else can be said first.</summary>
    /// <returns>What is to be begun again behind it.</returns>
    public string TakeBackText()
    {
        if (!HasOpenSegment)
        {
            return "";
        }

        var segment = segments[^1];
        var spoken = OpenSegmentHasAudio ? Cut(segment, sent).Text : "";
        var rest = segment.Text[spoken.Length..].TrimStart();
        segment.Text = spoken;
        Complete();
        return rest;
    }

    public void Append(ReadOnlySpan<byte> audio)
    {
        while (!audio.IsEmpty)
        {
            var room = (int)Math.Min(audio.Length, MarkEveryBytes - (sent - markedUpTo));
            if (!line.Audio(audio[..room]))
            {
                return;
            }

            if (HasOpenSegment)
            {
                if (double.IsNaN(segments[^1].AudibleAtMs))
                {
                    segments[^1].AudibleAtMs = Math.Max(emptyAtMs, NowMs);
                }

                segments[^1].Add(audio[..room], sent);
            }

            if (emptyAtMs <= NowMs)
            {
                audibleSinceMs = NowMs;
            }

            sent += room;
            emptyAtMs = Math.Max(emptyAtMs, NowMs) + ((double)room / MuLaw.BytesPerMillisecond);
            audio = audio[room..];
            if (sent - markedUpTo >= MarkEveryBytes)
            {
                Mark();
            }
        }
    }

    /// <summary>Nothing more of the open segment will come. One without audio will never be heard and is dropped.</summary>
    /// <returns>Whether it was dropped.</returns>
    public bool Complete()
    {
        if (!HasOpenSegment)
        {
            return false;
        }

        var segment = segments[^1];
        if (segment.Start == sent)
        {
            segments.RemoveAt(segments.Count - 1);
            return true;
        }

        segment.End = sent;
        if (segment.HasSound && HeardText.Units(segment.Text) is > 10 and var units)
        {
            bytesPerUnit = (double)(segment.SoundEnd - segment.SoundStart) / units;
        }

        if (markedUpTo < sent)
        {
            Mark();
        }

        return false;
    }

    /// <summary>An echo from Twilio. Those of cleared marks come at once and say nothing about what was heard.</summary>
    /// <returns>Whether it was one of ours and still meant something.</returns>
    public bool OnMark(int ofGeneration, int number)
    {
        if (ofGeneration != generation || !marks.Any(mark => mark.Number == number))
        {
            return false;
        }

        while (marks.TryDequeue(out var mark))
        {
            acknowledged = mark.Position;
            if (mark.Number == number)
            {
                break;
            }
        }

        emptyAtMs = NowMs + ((double)(sent - acknowledged) / MuLaw.BytesPerMillisecond);
        SettleHeard();
        return true;
    }

    /// <summary>What is about to end, by the clock, counts as heard now: the caller answers it, and the order of turns is that of a conversation.</summary>
    public void SettleNearlyHeard()
    {
        const int NearlyBytes = 400 * MuLaw.BytesPerMillisecond;
        while (segments.Count > 0 && segments[0] is { IsOpen: false } segment && segment.End <= Played + NearlyBytes)
        {
            segments.RemoveAt(0);
            heard(segment);
        }
    }

    /// <summary>Believes the clock where a mark is overdue: a lost mark must not hold up a call for ever.</summary>
    public void Tick()
    {
        if (marks.Count > 0 && NowMs > emptyAtMs + LostMarkMs)
        {
            marks.Clear();
            acknowledged = sent;
            SettleHeard();
        }
    }

    /// <summary>The caller speaks: empties the phone's buffer and says what of each unfinished segment was heard, oldest first.</summary>
    public IReadOnlyList<Spoken> Interrupt()
    {
        var played = Played;
        line.Clear();
        generation++;
        marks.Clear();
        var spoken = segments.ConvertAll(segment => Cut(segment, played));
        segments.Clear();
        sent = played;
        acknowledged = played;
        markedUpTo = played;
        emptyAtMs = NowMs;
        return spoken;
    }

    /// <summary>What is being said and how much of it was heard: what another bridge needs to go on.</summary>
    public (string Text, int HeardCharacters) Position()
    {
        var said = segments.Where(segment => !segment.IsHolding).ToList();
        if (said.Count == 0)
        {
            return ("", 0);
        }

        var text = string.Join(' ', said.Select(segment => segment.Text));
        var first = said[0];
        return (text, HeardText.Characters(first.Text, Math.Max(0, Played - first.SoundStart), RateOf(first)));
    }

    /// <summary>The vendor is gone in mid-turn: keeps of the open segment what its audio covers and returns the rest, from the first incomplete sentence.</summary>
    public string CutShort()
    {
        if (!HasOpenSegment)
        {
            return "";
        }

        var segment = segments[^1];
        var spoken = Cut(segment, sent);
        segment.Text = spoken.Text;
        Complete();
        return spoken.Unheard;
    }

    Spoken Cut(Segment segment, long played)
    {
        if (!segment.IsOpen && played >= segment.End)
        {
            return new Spoken(segment.Text, false, "");
        }

        var characters = HeardText.Characters(segment.Text, Math.Max(0, played - segment.SoundStart), RateOf(segment));
        return characters >= segment.Text.Length
            ? new Spoken(segment.Text, false, "")
            : new Spoken(segment.Text[..characters].TrimEnd(), true, segment.IsHolding ? "" : Sentences.Unheard(segment.Text, characters));
    }

    double RateOf(Segment segment) =>
        !segment.IsOpen && segment.HasSound && HeardText.Units(segment.Text) is > 0 and var units
            ? (double)(segment.SoundEnd - segment.SoundStart) / units
            : bytesPerUnit;

    void SettleHeard()
    {
        while (segments.Count > 0 && segments[0] is { IsOpen: false } segment && segment.End <= acknowledged)
        {
            segments.RemoveAt(0);
            heard(segment);
        }
    }

    void Mark()
    {
        if (line.Mark(generation, ++nextMark))
        {
            marks.Enqueue((nextMark, sent));
        }

        markedUpTo = sent;
    }
}
