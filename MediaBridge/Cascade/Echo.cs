namespace CityMonitor.MediaBridge.Cascade;

/// <summary>Tells our own words, carried back by the line, from a caller's; by the words alone, without their sound or time.</summary>
static class Echo
{
    /// <summary>Fewer words prove nothing by themselves.</summary>
    const int FewestWords = 3;

    /// <summary>So many of our words a transcript may leave out at a time.</summary>
    const int MostLeftOut = 3;

    /// <summary>What a caller says into our words and must never lose to a bad line: no vendor writes these for another word.</summary>
    static readonly HashSet<string> s_answers = new(StringComparer.Ordinal) { "yes", "no", "yeah", "nope", "stop", "wait", "help", "s\u00ed", "si", "espere" };

    /// <summary>A word among these that counts at once.</summary>
    public static bool HoldsAnswer(string text) => Words.Of(text).Exists(s_answers.Contains);

    /// <summary>
    /// What stands behind our own words: nearly all of them, in their order, beginning anywhere in what was said lately. All of the text
    /// where it does not begin with ours; nothing where there is nothing else.
    /// </summary>
    public static string Behind(string text, string said)
    {
        var words = Words.Of(text);
        if (words.Count < FewestWords)
        {
            return text;
        }

        var spoken = Words.Of(said);
        var ours = 0;
        for (var start = 0; start < spoken.Count; start++)
        {
            // The first word of an echo may be half a word, and is then written as another one.
            if (spoken[start] == words[0] || spoken[start] == words[1])
            {
                ours = Math.Max(ours, Follow(words, spoken, start));
            }
        }

        return ours == 0 ? text : From(text, ours);
    }

    /// <returns>How many words of the text are an echo that begins there.</returns>
    static int Follow(List<string> words, List<string> spoken, int at)
    {
        var (found, ours, missed) = (0, 0, 0);
        for (var i = 0; i < words.Count && missed < 2; i++)
        {
            var next = spoken.IndexOf(words[i], at);
            if (next >= 0 && next - at <= MostLeftOut)
            {
                (found, ours, missed, at) = (found + 1, i + 1, 0, next + 1);
            }
            else if (s_answers.Contains(words[i]))
            {
                break;
            }
            else
            {
                missed++;
            }
        }

        return found >= FewestWords && found >= Math.Ceiling(ours * 0.8) ? ours : 0;
    }

    /// <summary>The text without its first words, as it was written.</summary>
    static string From(string text, int words)
    {
        var pieces = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = 0;
        for (var before = 0; at < pieces.Length && before < words; at++)
        {
            before += Words.Of(pieces[at]).Count;
        }

        return string.Join(' ', pieces.Skip(at));
    }

    /// <summary>So few words that they prove nothing, and all of them our own, side by side.</summary>
    public static bool MayBegin(string text, string said) => Words.Of(text) is { Count: > 0 and < FewestWords } words && SideBySide(words, Words.Of(said));

    /// <summary>
    /// One or two words, of which there come no more: an echo where they go on with one, or where a sentence of ours begins with them.
    /// Else they are the caller's: "accept" may well repeat a word of the question.
    /// </summary>
    public static bool IsShort(string text, string before, string said)
    {
        var words = Words.Of(text);
        if (words.Count is 0 or >= FewestWords)
        {
            return false;
        }

        var last = Words.Of(before);
        return (last.Count >= 2 && SideBySide([.. last.TakeLast(2), .. words], Words.Of(said)))
            || (!words.Exists(s_answers.Contains)
                && said.Split(['.', '!', '?']).Any(sentence => Words.Of(sentence) is var ours && ours.Count >= words.Count && ours.Take(words.Count).SequenceEqual(words, StringComparer.Ordinal)));
    }

    static bool SideBySide(IReadOnlyList<string> words, List<string> spoken) =>
        $" {string.Join(' ', spoken)} ".Contains($" {string.Join(' ', words)} ", StringComparison.Ordinal);
}
