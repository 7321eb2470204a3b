using System.Text;

namespace CityMonitor.Simulator.Phones;

/// <summary>One stretch of speech, by either side. Times are ms since the phone was answered.</summary>
sealed record Utterance(string Text, int FromMs, int ToMs, bool Cut = false);

/// <summary>
/// What one phone heard and said during one call, to the character and the 20 ms. Written by the pacer, read by anyone.
/// </summary>
sealed class PhoneRecord
{
    readonly Lock gate = new();
    readonly StringBuilder heard = new();
    readonly List<int> heardAt = [];
    readonly List<Utterance> heardUtterances = [];
    readonly List<Utterance> said = [];
    readonly List<int> replyDelays = [];
    readonly StringBuilder digitsPressed = new();
    readonly StringBuilder digitsHeard = new();
    int utteranceStart;
    int longestSilence;
    int garbled;
    int cut;

    public void Hear(string text, int atMs)
    {
        lock (gate)
        {
            foreach (var character in text)
            {
                heard.Append(character);
                heardAt.Add(atMs);
            }
        }
    }

    public void EndHeardUtterance()
    {
        lock (gate)
        {
            var text = heard.ToString(utteranceStart, heard.Length - utteranceStart);
            if (text.Trim().Length > 0)
            {
                heardUtterances.Add(new Utterance(text.Trim(), heardAt[utteranceStart], heardAt[^1]));
            }

            utteranceStart = heard.Length;
        }
    }

    public void Say(Utterance utterance)
    {
        lock (gate)
        {
            said.Add(utterance);
        }
    }

    public void Press(char digit)
    {
        lock (gate)
        {
            digitsPressed.Append(digit);
        }
    }

    public void HearDigits(string digits)
    {
        lock (gate)
        {
            digitsHeard.Append(digits);
        }
    }

    public void Silence(int milliseconds)
    {
        lock (gate)
        {
            longestSilence = Math.Max(longestSilence, milliseconds);
        }
    }

    public void ReplyAfter(int milliseconds)
    {
        lock (gate)
        {
            replyDelays.Add(milliseconds);
        }
    }

    public void Quality(int garbledSymbols, int cutSymbols)
    {
        lock (gate)
        {
            (garbled, cut) = (garbledSymbols, cutSymbols);
        }
    }

    public PhoneSnapshot Snapshot()
    {
        lock (gate)
        {
            return new PhoneSnapshot(
                heard.ToString().Trim(), heard.ToString(), [.. heardAt], [.. heardUtterances], [.. said], digitsPressed.ToString(),
                digitsHeard.ToString(), longestSilence, [.. replyDelays], garbled, cut);
        }
    }
}

/// <param name="Heard">Everything heard, as one text.</param>
/// <param name="HeardExactly">The same with the pauses that became spaces at its ends.</param>
/// <param name="HeardAtMs">For each character of <paramref name="HeardExactly"/>, when it was heard.</param>
/// <param name="ReplyDelaysMs">From the end of each own line to the next sound from the other side.</param>
/// <param name="LongestSilenceMs">The longest time in which neither side could be heard.</param>
sealed record PhoneSnapshot(
    string Heard,
    string HeardExactly,
    IReadOnlyList<int> HeardAtMs,
    IReadOnlyList<Utterance> HeardUtterances,
    IReadOnlyList<Utterance> Said,
    string DigitsPressed,
    string DigitsHeard,
    int LongestSilenceMs,
    IReadOnlyList<int> ReplyDelaysMs,
    int GarbledSymbols,
    int CutSymbols);
