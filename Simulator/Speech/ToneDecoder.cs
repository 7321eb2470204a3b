using System.Text;

namespace CityMonitor.Simulator.Speech;

/// <summary>
/// Hears <see cref="ToneCode"/> in a stream of mu-law bytes, in pieces of any length. Time is the audio's own: what counts is
/// the number of bytes fed, never the clock. Not thread-safe; one per direction of a call.
/// </summary>
sealed class ToneDecoder
{
    /// <summary>Silence after which the speaker is taken to have finished.</summary>
    public static readonly TimeSpan DefaultEndOfUtterance = TimeSpan.FromMilliseconds(400);

    const int BlockSamples = 40;
    const double BlockEnergyThreshold = 150.0 * 150;

    // Less than this much of a symbol was not heard; more than this was never one symbol.
    const int ShortestSymbol = 256;
    const int LongestSymbol = 350;
    const int WordGapSamples = 90 * MuLaw.BytesPerMillisecond;

    readonly TimeSpan endOfUtterance;
    readonly short[] block = new short[BlockSamples];
    readonly short[] tone = new short[LongestSymbol + (3 * BlockSamples)];
    readonly StringBuilder heard = new();
    readonly StringBuilder utterance = new();
    readonly Decoder utf8 = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("")).GetDecoder();

    int blockFill;
    int toneLength;
    bool toneTooLong;
    bool inTone;
    long silentSamples;
    long silenceBeforeTone;
    bool anySymbolYet;
    bool utteranceOpen;

    public ToneDecoder(TimeSpan? endOfUtterance = null) => this.endOfUtterance = endOfUtterance ?? DefaultEndOfUtterance;

    /// <summary>Bytes fed so far: the position of the play head in this stream.</summary>
    public long Samples { get; private set; }

    /// <summary>Whether there is sound at this very moment (the last 5 ms).</summary>
    public bool HasEnergy => inTone;

    /// <summary>Whether an utterance is under way: there was sound, and the silence since is shorter than the end of an utterance.</summary>
    public bool IsSpeaking => utteranceOpen && (inTone || SilenceFor < endOfUtterance);

    /// <summary>Whether something was said and the speaker has now finished; until <see cref="TakeUtterance"/> is called.</summary>
    public bool UtteranceEnded => utteranceOpen && !inTone && SilenceFor >= endOfUtterance;

    /// <summary>Silence since the last sound (or since the start, when there was none yet).</summary>
    public TimeSpan SilenceFor => MuLaw.DurationOf(silentSamples);

    /// <summary>Sounds as long as a symbol that were none: noise, headers played as audio, two speakers at once.</summary>
    public int Garbled { get; private set; }

    /// <summary>Symbols of which only a part arrived: audio was cut there.</summary>
    public int CutSymbols { get; private set; }

    public void Feed(ReadOnlySpan<byte> mulaw)
    {
        Samples += mulaw.Length;
        foreach (var value in mulaw)
        {
            block[blockFill++] = MuLaw.Decode(value);
            if (blockFill == BlockSamples)
            {
                blockFill = 0;
                HearBlock();
            }
        }
    }

    /// <summary>The characters heard since the last call. One space stands for any silence between words (also before the first
    /// word after a pause), so concatenating what is taken gives the text as spoken.</summary>
    public string Take()
    {
        if (heard.Length == 0)
        {
            return "";
        }

        var text = heard.ToString();
        heard.Clear();
        return text;
    }

    /// <summary>The text of the utterance so far, without spaces at its ends.</summary>
    public string Utterance => utterance.ToString().Trim(' ');

    /// <summary>The whole utterance; afterwards the next sound opens a new one.</summary>
    public string TakeUtterance()
    {
        var text = Utterance;
        utterance.Clear();
        utteranceOpen = false;
        return text;
    }

    void HearBlock()
    {
        var energy = 0.0;
        foreach (var sample in block)
        {
            energy += (double)sample * sample;
        }

        if (energy / BlockSamples >= BlockEnergyThreshold)
        {
            if (!inTone)
            {
                inTone = true;
                utteranceOpen = true;
                silenceBeforeTone = silentSamples;
                silentSamples = 0;
                toneLength = 0;
                toneTooLong = false;
            }

            Collect();
            return;
        }

        if (inTone)
        {
            // The soft end of a symbol may reach into this quiet block.
            Collect();
            inTone = false;
            EndOfTone();
        }

        silentSamples += BlockSamples;
    }

    void Collect()
    {
        if (toneLength + BlockSamples > tone.Length)
        {
            toneTooLong = true;
            return;
        }

        block.CopyTo(tone, toneLength);
        toneLength += BlockSamples;
    }

    void EndOfTone()
    {
        var collected = tone.AsSpan(0, toneLength);
        var (first, last) = ToneRecogniser.Bounds(collected);
        var length = last - first + 1;
        if (!toneTooLong && length < ShortestSymbol)
        {
            CutSymbols++;
        }
        else if (!toneTooLong && length <= LongestSymbol && ToneRecogniser.Recognise(collected, first, last) is { } value)
        {
            HearSymbol(value);
        }
        else
        {
            Garbled++;
        }
    }

    void HearSymbol(byte value)
    {
        if (silenceBeforeTone >= WordGapSamples && anySymbolYet)
        {
            heard.Append(' ');
            utterance.Append(' ');
        }

        anySymbolYet = true;
        Span<char> chars = stackalloc char[2];
        var count = utf8.GetChars([value], chars, flush: false);
        heard.Append(chars[..count]);
        utterance.Append(chars[..count]);
    }
}
