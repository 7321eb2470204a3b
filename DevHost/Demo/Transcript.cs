using CityMonitor.Messaging.State;

namespace CityMonitor.Hosting;

/// <summary>Compares what a transcript says with what a phone heard.</summary>
static class Transcript
{
    // Where a turn was interrupted is known to about a word: a speech vendor gives no word times, and sound is under way.
    const int Blur = 3;

    /// <summary>Null where they agree: whole turns word for word, interrupted ones up to the word or so where they were cut.</summary>
    public static string? Compare(IReadOnlyList<Turn> spoken, IReadOnlyList<string> heard)
    {
        if (spoken.Count == 0)
        {
            return "Nothing was said on the phone";
        }

        var at = 0;
        for (var i = 0; i < spoken.Count; i++)
        {
            var words = PlainText.Words(spoken[i].Text);
            if (!spoken[i].Interrupted)
            {
                if (!StartsAt(heard, at, words))
                {
                    return Parting(heard, at, words);
                }

                at += words.Count;
                continue;
            }

            var next = spoken.Skip(i + 1).Select(turn => turn.Interrupted ? [] : PlainText.Words(turn.Text)).FirstOrDefault() ?? [];
            var cut = Enumerable.Range(0, words.Count + Blur + 1).OrderBy(count => Math.Abs(count - words.Count))
                .Where(count => count >= words.Count - Blur && StartsAt(heard, at, words.Take(Math.Max(0, Math.Min(words.Count, count - 1)))) && StartsAt(heard, at + count, next))
                .Select(count => (int?)count).FirstOrDefault();
            if (cut is null)
            {
                return Parting(heard, at, words);
            }

            at += cut.Value;
        }

        // A last word or two that the hang-up cut: too little for a turn of its own.
        return heard.Count - at <= Blur ? null : Parting(heard, at, []);
    }

    static bool StartsAt(IReadOnlyList<string> heard, int at, IEnumerable<string> words) => heard.Skip(at).Take(words.Count()).SequenceEqual(words);

    static string Parting(IReadOnlyList<string> heard, int at, IReadOnlyList<string> words) =>
        $"The phone did not hear what the transcript says: after \"{string.Join(' ', heard.Take(at).TakeLast(5))}\" it heard \"{string.Join(' ', heard.Skip(at).Take(8))}\" where \"{string.Join(' ', words.Take(8))}\" is written";
}
