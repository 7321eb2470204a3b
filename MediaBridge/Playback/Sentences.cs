namespace CityMonitor.MediaBridge.Playback;

static class Sentences
{
    /// <summary>Where the sentence begins that holds the character at <paramref name="position"/>.</summary>
    public static int StartOf(string text, int position)
    {
        for (var i = Math.Min(position, text.Length) - 1; i > 0; i--)
        {
            if (char.IsWhiteSpace(text[i]) && text[i - 1] is '.' or '!' or '?' or '\u061F' or '\u06D4' or '\u3002')
            {
                return i + 1;
            }
        }

        return 0;
    }

    /// <summary>It is the other side's turn after these words.</summary>
    public static bool Asks(string text) => text.TrimEnd(' ', '"', '\u00BB', ')') is [.., '?' or '\u061F' or '\uFF1F'];

    /// <summary>The text from the first sentence that was not heard to its end.</summary>
    public static string Unheard(string text, int heardCharacters) =>
        heardCharacters >= text.Length ? "" : text[StartOf(text, heardCharacters + 1)..].Trim();
}
