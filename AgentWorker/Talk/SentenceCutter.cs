using System.Text;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>
/// Cuts a model's stream into pieces to speak: whole sentences, so that their melody is right, as soon as they are known to be whole. What
/// cannot be spoken (marks of lists, stress and code) is left out.
/// </summary>
sealed class SentenceCutter
{
    /// <summary>Where no sentence ends, a piece ends at a clause behind this length, and anywhere between words behind twice of it.</summary>
    const int Long = 160;

    static readonly string[] s_abbreviations = ["dr", "mr", "mrs", "ms", "st", "no", "vs", "ca", "approx", "etc", "e.g", "i.e", "a.m", "p.m"];

    readonly StringBuilder _rest = new();

    public IEnumerable<string> Add(string text)
    {
        foreach (var c in text)
        {
            if (c is '*' or '`' or '#' or '_' or '\r')
            {
                continue;
            }

            _rest.Append(c);
        }

        while (EndOfPiece() is > 0 and var end)
        {
            if (Take(end) is { Length: > 0 } piece)
            {
                yield return piece;
            }
        }
    }

    /// <summary>The stream is over: what is left is a piece, whole or not.</summary>
    public string? End() => Take(_rest.Length) is { Length: > 0 } piece ? piece : null;

    string Take(int length)
    {
        var piece = string.Join(' ', _rest.ToString(0, length).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        _rest.Remove(0, length);
        return piece is "-" or "•" ? "" : piece;
    }

    /// <summary>Behind the first piece that is known to be whole; 0 where there is none yet.</summary>
    int EndOfPiece()
    {
        var clause = 0;
        var word = 0;
        for (var i = 0; i < _rest.Length; i++)
        {
            var c = _rest[i];
            if (c == '\n' && HasWords(i))
            {
                return i + 1;
            }

            // The sign itself may be a decimal point or stand in an abbreviation: only what follows tells.
            if (IsEnd(c) && i + 1 < _rest.Length && (char.IsWhiteSpace(_rest[i + 1]) || c is '\u3002') && !IsAbbreviation(i))
            {
                return i + 1;
            }

            if (char.IsWhiteSpace(c))
            {
                (word, clause) = (i, i > 0 && _rest[i - 1] is ',' or ';' or ':' ? i : clause);
                if (i >= Long && clause > Long / 2)
                {
                    return clause;
                }

                if (i >= 2 * Long)
                {
                    return word;
                }
            }
        }

        return 0;
    }

    static bool IsEnd(char c) => c is '.' or '!' or '?' or '\u2026' or '\u061F' or '\u06D4' or '\u3002';

    bool HasWords(int before)
    {
        for (var i = 0; i < before; i++)
        {
            if (char.IsLetterOrDigit(_rest[i]))
            {
                return true;
            }
        }

        return false;
    }

    bool IsAbbreviation(int dot)
    {
        if (_rest[dot] != '.')
        {
            return false;
        }

        var start = dot;
        while (start > 0 && !char.IsWhiteSpace(_rest[start - 1]))
        {
            start--;
        }

        var word = _rest.ToString(start, dot - start).ToLowerInvariant();
        // A single letter is an initial; "1." begins a list.
        return word.Length == 1 || s_abbreviations.Contains(word) || (start == 0 && word.All(char.IsAsciiDigit));
    }
}
