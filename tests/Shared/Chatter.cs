using System.Globalization;
using System.Text;

namespace CityMonitor.Tests.Shared;

/// <summary>
/// Conversations that interrupt each other at random: a flow whose model talks at length (scenarios/minds/talk-at-length.yaml) and phones that
/// speak into it wherever their seed says. Everything in them is real: audio, bridge, bus, worker, model stream.
/// </summary>
static class Chatter
{
    static readonly string[] s_colours = ["copper", "silver", "yellow", "purple", "wooden", "frozen", "narrow", "broken", "hidden", "modern", "gentle", "rapid"];
    static readonly string[] s_things = ["lantern", "bridge", "ladder", "engine", "window", "garden", "tunnel", "wagon", "basket", "anchor", "tower", "market"];

    /// <summary>The dispatch flow with another engine and another subject.</summary>
    public static string Flow(string shipped) => shipped
        .Replace("engine: deepgram-agent", "engine: cascade", StringComparison.Ordinal)
        .Replace("prompt: |\n  You are {{agent}}", "prompt: |\n  Chatter about the harbour. You are {{agent}}", StringComparison.Ordinal);

    /// <summary>A phone that says as many lines as there are turns: two of three into the agent's words, after as many letters as the dice say.</summary>
    public static string Phone(string number, int seed, int turns)
    {
        var dice = new Random(seed);
        var yaml = new StringBuilder($"""
            number: "{number}"
            name: Officer Dana Reyes
            answer_after: {dice.Next(300, 3000)}ms
            greeting: Hello, who is calling?
            patience: 900ms
            hang_up_after: 14m
            lines:

            """);
        for (var turn = 0; turn < turns; turn++)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"  - say: Tell me about the {s_colours[dice.Next(s_colours.Length)]} {s_things[dice.Next(s_things.Length)]} {(dice.Next(2) == 0 ? "please" : "now")}\n    delay: {dice.Next(0, 500)}ms\n");
            if (dice.Next(3) > 0)
            {
                yaml.Append(CultureInfo.InvariantCulture, $"    interrupt_after: {dice.Next(8, 100)}\n");
            }
        }

        return yaml.Append("  - on_silence: 5s\n    say: That is all, thank you.\n    hang_up: true\n").ToString();
    }
}
