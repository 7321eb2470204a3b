using System.Globalization;

namespace CityMonitor.Faults;

/// <summary>What was asked for on the command line.</summary>
sealed record Options(int Tries, int AtOnce, int Cities, string? Only, string? Report, bool Hour, bool List)
{
    public const string Usage = "--faults [--tries N] [--at-once N] [--cities N] [--only text[|text]] [--hour] [--report file] [--list]";

    /// <summary>Null where something was not understood, with what it was.</summary>
    public static (Options? Options, string? Problem) Read(string[] args)
    {
        var options = new Options(Tries: 20, AtOnce: 20, Cities: 3, Only: null, Report: null, Hour: false, List: false);
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            var number = int.TryParse(value, CultureInfo.InvariantCulture, out var given) ? given : 0;
            Options? next = args[i] switch
            {
                "--tries" when number > 0 => options with { Tries = number },
                "--at-once" when number is > 0 and <= 100 => options with { AtOnce = number },
                "--cities" when number is > 0 and <= 16 => options with { Cities = number },
                "--only" when value.Length > 0 => options with { Only = value },
                "--report" when value.Length > 0 => options with { Report = value },
                "--hour" => options with { Hour = true },
                "--list" => options with { List = true },
                _ => null,
            };
            if (next is null)
            {
                return (null, $"{args[i]} {value}".Trim());
            }

            options = next;
            i += args[i] is "--hour" or "--list" ? 0 : 1;
        }

        return (options, null);
    }

    public IReadOnlyList<FaultRow> Choose(IEnumerable<FaultRow> rows) =>
        [.. rows.Where(row => Only is { } only
            ? only.Split('|').Any(text => row.Name.Contains(text, StringComparison.OrdinalIgnoreCase)) && (!row.Hour || Hour || only.Contains("hour", StringComparison.OrdinalIgnoreCase))
            : Hour || !row.Hour)];
}
