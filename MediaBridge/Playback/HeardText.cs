using System.Text;

namespace CityMonitor.MediaBridge.Playback;

/// <summary>
/// How much of a text was heard when only a part of its audio was played. Speech vendors say no word times here, so a text's time
/// is shared out over its letters, and a gap between words takes as long as two of them. Cut at the last whole word.
/// </summary>
static class HeardText
{
    /// <summary>What one letter takes where nothing better is known: 60 ms, at 8 bytes a millisecond.</summary>
    public const double UsualBytesPerUnit = 480;

    /// <summary>The length of a text in letters' time. Scripts whose signs carry more sound take more bytes in UTF-8.</summary>
    public static int Units(ReadOnlySpan<char> text)
    {
        var units = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            units += Units(rune);
        }

        return units;
    }

    /// <summary>The number of characters of <paramref name="text"/> heard after <paramref name="bytes"/> of its audio, at the end of a word.</summary>
    public static int Characters(string text, long bytes, double bytesPerUnit)
    {
        var heardUnits = bytes / bytesPerUnit;
        var units = 0.0;
        var characters = 0;
        var wordEnd = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                wordEnd = characters;
            }

            units += Units(rune);

            // A letter whose last third is missing is still understood.
            if (units - (Rune.IsWhiteSpace(rune) ? 0 : 0.34) > heardUnits)
            {
                return wordEnd;
            }

            characters += rune.Utf16SequenceLength;
        }

        return text.Length;
    }

    static int Units(Rune rune) => Rune.IsWhiteSpace(rune) ? 2 : rune.Utf8SequenceLength;
}
