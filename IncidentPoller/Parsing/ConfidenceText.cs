using System.Globalization;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>Confidence as cameras write it: 95%, 0.95, 95, 0,95.</summary>
static class ConfidenceText
{
    public const string Example = "0.95";
    const string Rule = "must be from 0 to 1, or a percentage from 0% to 100%";

    public static Reading<double?> Read(string text)
    {
        var written = text.Trim().Trim('"', '\'').Replace("٪", "%", StringComparison.Ordinal);
        var percent = written.EndsWith('%');
        var number = written.TrimEnd('%', ' ').Replace(',', '.');
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            return new(null, Rule);
        }

        // 1.5 is neither a share nor, in all likelihood, one and a half percent.
        if (!percent && value is > 1 and < 2)
        {
            return new(null, Rule);
        }

        var share = percent || value > 1 ? value / 100 : value;
        return share is >= 0 and <= 1 ? new(Math.Round(share, 6), null) : new(null, Rule);
    }
}
