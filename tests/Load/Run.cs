using System.Globalization;

namespace CityMonitor.Load;

/// <param name="Minutes">How long calls come and go, the audits not counted.</param>
/// <param name="Calls">Calls that must have finished in the end.</param>
/// <param name="AtOnce">Incidents under way side by side.</param>
sealed record RunOptions(double Minutes, int Calls, int AtOnce, string? Report);

/// <summary>The long modes `./test.sh --soak` (calls come and go, and it is counted what of them stays) and `./test.sh --heard` (what phones hear against what transcripts say).</summary>
static class Run
{
    const string Usage = "--soak [--minutes N] [--calls N] [--at-once N] [--report file], or --heard [--calls N] [--turns N]";

    static readonly TextWriter output = Console.Out;

    public static async Task<int> PlayAsync(string[] args)
    {
        if (args is ["--heard", ..])
        {
            var (calls, turns) = ParseHeard(args);
            return await new HeardWords(calls, turns, output).PlayAsync();
        }

        if (Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync($"Usage: ./test.sh {Usage}");
            return 64;
        }

        var verdict = await new Soak(options, output).PlayAsync();
        if (options.Report is { } report)
        {
            Report.Write(report, verdict.Text);
        }

        return verdict.Problems.Count == 0 ? 0 : 1;
    }

    static (int Calls, int Turns) ParseHeard(string[] args)
    {
        int Of(string name, int usual) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length && int.TryParse(args[at + 1], CultureInfo.InvariantCulture, out var number) && number > 0 ? number : usual;
        return (Of("--calls", 50), Of("--turns", 20));
    }

    static RunOptions? Parse(string[] args)
    {
        var options = new RunOptions(20, 1000, 24, null);
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var number = double.TryParse(value, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : (double?)null;
            RunOptions? understood = (args[i], number) switch
            {
                ("--minutes", { } minutes) => options with { Minutes = minutes },
                ("--calls", { } calls) => options with { Calls = (int)calls },
                ("--at-once", { } atOnce and <= 300) => options with { AtOnce = (int)atOnce },
                ("--report", _) when value.Length > 0 => options with { Report = value },
                _ => null,
            };
            if (understood is null)
            {
                return null;
            }

            options = understood;
        }

        return options;
    }
}
