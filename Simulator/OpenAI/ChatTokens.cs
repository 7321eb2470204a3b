using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>Tokens, near enough for streams and for a bill that nobody pays.</summary>
static partial class ChatTokens
{
    /// <summary>The words of a text, each with the space before it: what a stream sends at a time.</summary>
    public static IEnumerable<string> Of(string text) => Words().Matches(text).Select(m => m.Value);

    /// <summary>Four characters to a token.</summary>
    public static int Count(string text) => text.Length / 4;

    public static string NewCallId() => $"call_{Guid.NewGuid():N}"[..29];

    public static JsonObject Usage(int asked, ModelAnswer answer)
    {
        var said = Count((answer.Content ?? answer.Refusal ?? "") + string.Concat(answer.Calls.Select(c => c.Name + c.Arguments))) + 1;
        return new JsonObject
        {
            ["prompt_tokens"] = asked, ["completion_tokens"] = said, ["total_tokens"] = asked + said,
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["audio_tokens"] = 0 },
            ["completion_tokens_details"] = new JsonObject
            {
                ["reasoning_tokens"] = 0, ["audio_tokens"] = 0, ["accepted_prediction_tokens"] = 0, ["rejected_prediction_tokens"] = 0,
            },
        };
    }

    [GeneratedRegex(@"\s*\S+|\s+")]
    private static partial Regex Words();
}
