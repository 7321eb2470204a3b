using System.Globalization;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>When a turn ends: how sure Flux must be, and after which silence it ends in any case.</summary>
/// <param name="Eager">How sure it must be of a likely end; null: no eager events.</param>
sealed record FluxThresholds(double EndOfTurn, double? Eager, TimeSpan Timeout)
{
    /// <summary>What is wrong with them, or null.</summary>
    public string? Problem() => this switch
    {
        { EndOfTurn: < 0.5 or > 1 } => "eot_threshold must be between 0.5 and 1.0.",
        { Eager: < 0.3 or > 0.9 } => "eager_eot_threshold must be between 0.3 and 0.9.",
        { Eager: { } eager } when eager > EndOfTurn => "eager_eot_threshold must not be above eot_threshold.",
        _ when Timeout < TimeSpan.FromMilliseconds(500) || Timeout > TimeSpan.FromSeconds(60) => "eot_timeout_ms must be between 500 and 60000.",
        _ => null,
    };
}

/// <summary>The query of <c>/v2/listen</c>. Parameters of v1 are refused, as the real one does.</summary>
sealed record FluxQuery(string Encoding, int SampleRate, FluxThresholds Thresholds, IReadOnlyList<string> Keyterms, IReadOnlyList<string> LanguageHints)
{
    static readonly string[] Known =
        ["model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm", "language_hint", "profanity_filter", "numerals", "redact", "mip_opt_out", "tag"];

    public static string? Read(IQueryCollection query, out FluxQuery? read)
    {
        read = null;
        if (query.Keys.FirstOrDefault(k => !Known.Contains(k)) is { } unknown)
        {
            return $"Unknown query parameter '{unknown}': it is not supported by Flux.";
        }

        var encoding = (string?)query["encoding"] ?? "";
        _ = int.TryParse(query["sample_rate"], CultureInfo.InvariantCulture, out var rate);
        if (query["model"] is not (["flux-general-en"] or ["flux-general-multi"]))
        {
            return "model must be flux-general-en or flux-general-multi.";
        }

        if (AudioIntake.For(encoding, rate) is null)
        {
            return "The simulator hears encoding=mulaw at sample_rate=8000, and linear16 at a multiple of 8000, only.";
        }

        if (query["language_hint"].Count > 0 && query["model"] != "flux-general-multi")
        {
            return "language_hint is for flux-general-multi only.";
        }

        double? eager = null;
        if (!Number(query["eot_threshold"], 0.7, out var threshold) || !Number(query["eot_timeout_ms"], 5000, out var timeout)
            || (query["eager_eot_threshold"].Count > 0 && !Eager(query["eager_eot_threshold"], out eager)))
        {
            return "eot_threshold, eager_eot_threshold and eot_timeout_ms must be numbers.";
        }

        var thresholds = new FluxThresholds(threshold, eager, TimeSpan.FromMilliseconds(timeout));
        read = new FluxQuery(encoding, rate, thresholds, [.. query["keyterm"].OfType<string>()], [.. query["language_hint"].OfType<string>()]);
        return thresholds.Problem();
    }

    static bool Number(string? value, double otherwise, out double number)
    {
        number = otherwise;
        return value is null || double.TryParse(value, CultureInfo.InvariantCulture, out number);
    }

    static bool Eager(string? value, out double? number)
    {
        var valid = Number(value, 0, out var given);
        number = given;
        return valid;
    }
}
