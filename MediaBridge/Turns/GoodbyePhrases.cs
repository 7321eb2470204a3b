namespace CityMonitor.MediaBridge.Turns;

/// <summary>Hears whether the agent has said goodbye: one of the flow's phrases as whole words, in whatever case and punctuation.</summary>
sealed class GoodbyePhrases
{
    readonly List<string> phrases;

    public GoodbyePhrases(IReadOnlyList<string> phrases) =>
        this.phrases = [.. phrases.Select(Words).Where(phrase => phrase.Length > 2)];

    public bool IsIn(string text)
    {
        if (phrases.Count == 0)
        {
            return false;
        }

        var words = Words(text);
        return phrases.Exists(phrase => words.Contains(phrase, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>" good bye " of "Good-bye!": words between single spaces, with one at either end.</summary>
    static string Words(string text)
    {
        var words = new System.Text.StringBuilder(text.Length + 2).Append(' ');
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c) || c is '\'' or '\u2019')
            {
                words.Append(c == '\u2019' ? '\'' : c);
            }
            else if (words[^1] != ' ')
            {
                words.Append(' ');
            }
        }

        return words[^1] == ' ' ? words.ToString() : words.Append(' ').ToString();
    }
}
