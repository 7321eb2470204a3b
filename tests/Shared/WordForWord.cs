namespace CityMonitor.Tests.Shared;

/// <summary>
/// Compares what a call's transcript says that the agent spoke with what the phone heard. A turn that was heard to its end must have been
/// heard word for word. One that was cut may differ at the cut by one word, no more: the phone has heard one word (or a part of it) more
/// than is written, or one less. An answer that was cut before its first
/// word was whole is no turn: a part of that one word may have been heard. Nothing else may have been heard, and nothing may be missing.
/// </summary>
static class WordForWord
{
    /// <param name="CallerTurns">Turns of the caller since the agent's turn before: so many answers may have been cut before their first word.</param>
    public readonly record struct Spoken(string Text, bool Interrupted, int CallerTurns = 0);

    /// <summary>The agent's turns of a transcript.</summary>
    public static List<Spoken> Agent<T>(IReadOnlyList<T> turns, Func<T, bool> isAgent, Func<T, Spoken> spoken)
    {
        var agent = new List<Spoken>();
        var caller = 0;
        foreach (var turn in turns)
        {
            if (isAgent(turn))
            {
                agent.Add(spoken(turn) with { CallerTurns = caller });
            }

            caller = isAgent(turn) ? 0 : caller + 1;
        }

        return agent;
    }

    /// <summary>Lower-case words without punctuation, as ears hear them.</summary>
    public static List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (var part in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (string.Concat(part.Where(char.IsLetterOrDigit)).ToLowerInvariant() is { Length: > 0 } word)
            {
                words.Add(word);
            }
        }

        return words;
    }

    /// <summary>Null where they agree, else where they part.</summary>
    /// <param name="ended">The phone hung up in the middle of something: behind the last turn there may be one word more.</param>
    public static string? Compare(IReadOnlyList<Spoken> spoken, IReadOnlyList<string> heard, bool ended = true)
    {
        // Positions in what was heard at which the turns so far can end; mostly one.
        SortedSet<int> reached = [0];
        for (var i = 0; i < spoken.Count; i++)
        {
            var words = Words(spoken[i].Text);
            SortedSet<int> next = [];
            foreach (var at in reached)
            {
                for (var parts = 0; parts == 0 || (words.Count > 0 && MayBeParts(heard, at, parts, words[0], spoken[i].CallerTurns)); parts++)
                {
                    next.UnionWith(Ends(heard, at + parts, words, spoken[i].Interrupted));
                }
            }

            if (next.Count == 0)
            {
                var at = reached.Max;
                return $"turn {i + 1} says \"{string.Join(' ', words.Take(12))}\"{(spoken[i].Interrupted ? " (cut)" : "")}, the phone heard \"{string.Join(' ', heard.Skip(at).Take(12))}\" after \"{string.Join(' ', heard.Take(at).TakeLast(4))}\"";
            }

            reached = next;
        }

        return reached.Contains(heard.Count) || (ended && reached.Contains(heard.Count - 1)) ? null
            : $"behind the last turn the phone heard \"{string.Join(' ', heard.Skip(reached.Max).Take(12))}\"";
    }

    /// <summary>Parts of first words: one for each answer that may have been cut there, or of this very turn, which a cough stopped and which was said again.</summary>
    static bool MayBeParts(IReadOnlyList<string> heard, int at, int count, string first, int callerTurns) =>
        at + count <= heard.Count && heard.Skip(at).Take(count).Count(part => !first.StartsWith(part, StringComparison.Ordinal)) <= callerTurns && count <= callerTurns + 1;

    static IEnumerable<int> Ends(IReadOnlyList<string> heard, int at, List<string> words, bool interrupted)
    {
        if (Matches(heard, at, words, words.Count))
        {
            yield return at + words.Count;
            if (interrupted && at + words.Count < heard.Count)
            {
                yield return at + words.Count + 1;
            }
        }

        if (!interrupted || words.Count == 0 || !Matches(heard, at, words, words.Count - 1))
        {
            yield break;
        }

        yield return at + words.Count - 1;
        // A part of the last word that is written.
        if (at + words.Count <= heard.Count && words[^1].StartsWith(heard[at + words.Count - 1], StringComparison.Ordinal))
        {
            yield return at + words.Count;
        }
    }

    static bool Matches(IReadOnlyList<string> heard, int at, List<string> words, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (at + i >= heard.Count || heard[at + i] != words[i])
            {
                return false;
            }
        }

        return true;
    }
}
