using System.Text.Json.Nodes;
using CityMonitor.Bench.City;
using CityMonitor.Messaging.State;

namespace CityMonitor.Bench;

/// <summary>How long a caller waited for an answer.</summary>
/// <param name="Ms">From the caller's last sound to the agent's first, both at the phone.</param>
/// <param name="Tools">Tools that were called before the first word; each costs a cascade one more step of its model.</param>
readonly record struct Reply(double Ms, int Tools);

/// <summary>What the phones of one incident heard, laid beside the record of its calls.</summary>
sealed record Replies(IReadOnlyList<double> FirstWords, IReadOnlyList<Reply> Answers, double LongestSilence, double Seconds, int Calls)
{
    /// <summary>The tone code ends a line with this much silence, which the phone counts as its own words.</summary>
    const int SilentTail = 100;

    public static async Task<Replies> OfAsync(Town town, Case one)
    {
        var calls = (await town.CallsAsync(one)).Where(call => call["durationSeconds"] is not null).ToList();
        var attempts = (await town.StateAsync(one))?.Attempts ?? [];
        var answers = new List<Reply>();
        var first = new List<double>();
        for (var i = 0; i < calls.Count; i++)
        {
            var heard = calls[i]["heard"]!;
            if (heard["heardUtterances"]!.AsArray() is [{ } greeting, ..])
            {
                first.Add(Number(greeting["fromMs"]));
            }

            answers.AddRange(Waits(heard, i < attempts.Count ? await ToolsAsync(town, attempts[i]) : []));
        }

        return new Replies(
            first, answers, calls.Select(call => Number(call["heard"]!["longestSilenceMs"])).DefaultIfEmpty(0).Max(), calls.Sum(call => Number(call["durationSeconds"])), calls.Count);
    }

    /// <summary>The greeting answers a "Hello?" too, but nobody has to think for it: that wait is in the first words.</summary>
    static IEnumerable<Reply> Waits(JsonNode heard, IReadOnlyList<double> tools)
    {
        var said = heard["said"]!.AsArray();
        var delays = heard["replyDelaysMs"]!.AsArray();
        for (var i = 1; i < Math.Min(said.Count, delays.Count); i++)
        {
            var (ended, delay) = (Number(said[i]!["toMs"]), Number(delays[i]));
            yield return new Reply(delay + SilentTail, tools.Count(at => at >= ended - SilentTail && at <= ended + delay));
        }
    }

    /// <summary>When tools were called, in ms since the answer.</summary>
    static async Task<IReadOnlyList<double>> ToolsAsync(Town town, CallAttempt attempt)
    {
        var file = Path.Combine(town.City.Transcripts, $"{attempt.Call}.json");
        for (var i = 0; i < 100 && !File.Exists(file); i++)
        {
            await Task.Delay(100);
        }

        return File.Exists(file)
            ? [.. JsonNode.Parse(await File.ReadAllTextAsync(file))!["tool_calls"]!.AsArray().Select(tool => Number(tool!["at_ms"]))]
            : [];
    }

    static double Number(JsonNode? node) => node!.GetValue<double>();
}
