using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Cuts an answer where a voice takes breath: each sentence is a ConversationText of its own.</summary>
static partial class Sentences
{
    public static IEnumerable<string> Split(string text) => End().Split(text).Select(s => s.Trim()).Where(s => s.Length > 0);

    // "J. Li" stays whole, "yes or no? Please" does not.
    [GeneratedRegex(@"(?<=[\p{Ll}\d\)""'][.!?])\s+(?=\p{Lu})")]
    private static partial Regex End();
}
