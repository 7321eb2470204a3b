using System.Text;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>Keys pressed during the conversation: digits that follow one another are one input. A single one is an answer, which AgentWorker takes from KeypadPressed.</summary>
sealed class Keypad(int pauseMs)
{
    /// <summary>Shorter than this it is a choice, not a number.</summary>
    const int Least = 3;

    const int Most = 32;

    readonly StringBuilder digits = new();
    double lastAt;
    bool ended;

    /// <returns>True from the key on that makes it a number: whoever talks should let the caller type.</returns>
    public bool Press(char key, double now)
    {
        if (digits.Length == 0 || now - lastAt > pauseMs)
        {
            digits.Clear();
        }

        lastAt = now;
        if (key == '#')
        {
            ended = true;
        }
        else if (digits.Length < Most)
        {
            digits.Append(key);
        }

        return digits.Length >= Least;
    }

    /// <summary>The number, once it is complete.</summary>
    public string? Take(double now)
    {
        if (digits.Length == 0 || (!ended && now - lastAt < pauseMs))
        {
            return null;
        }

        var typed = digits.ToString();
        digits.Clear();
        ended = false;
        return typed.Length >= Least ? typed : null;
    }
}
