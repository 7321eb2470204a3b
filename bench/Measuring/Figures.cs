namespace CityMonitor.Bench;

/// <summary>Sums up what was measured.</summary>
static class Figures
{
    public static double Quantile(IReadOnlyCollection<double> values, double share) =>
        values.Count == 0 ? double.NaN : values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));

    public static double Median(IEnumerable<double> values) => Quantile([.. values], 0.5);

    public static double Max(IReadOnlyCollection<double> values) => values.Count == 0 ? double.NaN : values.Max();
}
