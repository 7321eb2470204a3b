using System.Text;

namespace CityMonitor.AgentWorker.PickUp;

/// <summary>Words in a row; a star stands for up to four others: "leave * message". Case, accents and punctuation do not count.</summary>
sealed class Phrase(string text)
{
    const int MostBetween = 4;

    // Normalization would do it, but not where globalization is invariant.
    const string Accented = "\u00e1\u00e0\u00e2\u00e4\u00e3\u00e5\u00e9\u00e8\u00ea\u00eb\u00ed\u00ec\u00ee\u00ef\u00f3\u00f2\u00f4\u00f6\u00f5\u00fa\u00f9\u00fb\u00fc\u00f1\u00e7", Plain = "aaaaaaeeeeiiiiooooouuuunc";

    readonly List<List<string>> _parts = [.. text.Split('*', StringSplitOptions.RemoveEmptyEntries).Select(Words).Where(part => part.Count > 0)];

    public bool IsIn(List<string> words)
    {
        for (var at = 0; at < words.Count && _parts.Count > 0; at++)
        {
            if (Fits(words, at))
            {
                return true;
            }
        }

        return false;
    }

    public bool Begins(List<string> words) => _parts.Count > 0 && Fits(words, 0);

    bool Fits(List<string> words, int at, int part = 0)
    {
        if (part == _parts.Count)
        {
            return true;
        }

        for (var skipped = 0; skipped <= (part == 0 ? 0 : MostBetween); skipped++)
        {
            if (IsAt(words, at + skipped, _parts[part]) && Fits(words, at + skipped + _parts[part].Count, part + 1))
            {
                return true;
            }
        }

        return false;
    }

    static bool IsAt(List<string> words, int at, List<string> part)
    {
        for (var i = 0; i < part.Count; i++)
        {
            if (at + i >= words.Count || words[at + i] != part[i])
            {
                return false;
            }
        }

        return true;
    }

    public static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                var accented = Accented.IndexOf(char.ToLowerInvariant(c), StringComparison.Ordinal);
                word.Append(accented < 0 ? char.ToLowerInvariant(c) : Plain[accented]);
            }
            else if (c is not ('\'' or '\u2019') && word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
