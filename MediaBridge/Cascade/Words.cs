using System.Text;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>How finished some words sound.</summary>
enum Finish
{
    Finished,

    /// <summary>Ends in digits, and more of them may come: numbers are dictated in groups.</summary>
    Digits,

    /// <summary>Ends in the middle of a clause.</summary>
    Open,
}

/// <summary>What can be told from words alone, without their sound.</summary>
static class Words
{
    static readonly HashSet<string> s_open = new(StringComparer.Ordinal)
    {
        "and", "or", "but", "so", "because", "if", "when", "which", "who", "with", "without", "for", "from", "to", "of", "at", "in", "on", "by", "about", "near",
        "the", "a", "an", "my", "your", "his", "her", "our", "their", "is", "are", "was", "am", "i'm", "it's", "we're", "will", "can", "could", "would", "um", "uh", "er", "hmm", "well", "like",
        "y", "o", "pero", "porque", "que", "con", "para", "de", "en", "el", "la", "los", "las", "un", "una", "mi", "su", "eh",
    };

    static readonly HashSet<string> s_digits = new(StringComparer.Ordinal)
    {
        "zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "triple", "plus",
        "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve",
    };

    static readonly HashSet<string> s_backchannel = new(StringComparer.Ordinal)
    {
        "mhm", "mm", "mmm", "hm", "hmm", "uh", "huh", "um", "ah", "oh", "er", "right", "okay", "ok", "yeah", "sure", "alright", "all", "i", "see", "got", "it", "ya", "vale", "claro", "aja",
    };

    /// <summary>Words of <see cref="s_backchannel"/> that mean something only together with another one.</summary>
    static readonly HashSet<string> s_onlyTogether = new(StringComparer.Ordinal) { "i", "see", "got", "it", "all" };

    /// <summary>Lower-case words without punctuation: "Mm-hmm, right." is mm, hmm, right.</summary>
    public static List<string> Of(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c) || (c is '\'' or '\u2019' && word.Length > 0))
            {
                word.Append(c == '\u2019' ? '\'' : char.ToLowerInvariant(c));
            }
            else if (word.Length > 0)
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

    /// <summary>The same words, whatever their case and punctuation.</summary>
    public static bool Same(string one, string other) => Of(one).SequenceEqual(Of(other), StringComparer.Ordinal);

    public static Finish FinishOf(string text)
    {
        var words = Of(text);
        if (words.Count == 0)
        {
            return Finish.Open;
        }

        var last = words[^1];
        if (IsDigits(last))
        {
            // "Unit seven" is an answer; "five five five, oh one" wants to go on until it is as long as a telephone number.
            var digits = 0;
            for (var i = words.Count - 1; i >= 0 && IsDigits(words[i]); i--)
            {
                digits += char.IsAsciiDigit(words[i][0]) ? words[i].Length : 1;
            }

            return digits is >= 2 and < 10 ? Finish.Digits : Finish.Finished;
        }

        // A vendor that punctuates has made up its mind; without a mark the last word tells.
        var end = text.TrimEnd();
        return end[^1] is '.' or '?' or '!' && !end.EndsWith("...", StringComparison.Ordinal) ? Finish.Finished
            : end[^1] is ',' or ':' or '-' or '\u2026' || s_open.Contains(last) ? Finish.Open
            : Finish.Finished;
    }

    static bool IsDigits(string word) => s_digits.Contains(word) || word.All(char.IsAsciiDigit);

    /// <summary>"mhm", "right", "uh-huh, okay": the caller listens and does not want the word. Yes and no are never that.</summary>
    public static bool IsBackchannel(string text)
    {
        var words = Of(text);
        return words.Count is > 0 and <= 3 && words.TrueForAll(s_backchannel.Contains) && !words.TrueForAll(word => s_onlyTogether.Contains(word) && words.Count == 1);
    }

    /// <summary>The agent's last words were a question, or have one sentence behind it ("Do you accept? Please say yes or no.").</summary>
    public static bool EndsInQuestion(string said) =>
        said.LastIndexOf('?') is >= 0 and var mark && said.AsSpan(mark + 1).Trim() is var behind && behind.Count(". ") + (behind.EndsWith(".") ? 1 : 0) <= 1;
}
