using System.Globalization;
using System.Text;

namespace CityMonitor.ServiceDefaults;

/// <summary>
/// Prometheus' text format 0.0.4. Names as OpenTelemetry's rules for Prometheus make them:
/// <code>
/// # HELP citymonitor_turn_first_frame_seconds From the caller's last sound to the first frame.
/// # TYPE citymonitor_turn_first_frame_seconds histogram
/// citymonitor_turn_first_frame_seconds_bucket{citymonitor_engine="cascade",le="0.5"} 7
/// </code>
/// </summary>
static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Of(IEnumerable<MetricFamily> families)
    {
        var text = new StringBuilder();
        foreach (var same in families.GroupBy(NameOf).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            // Of two instruments with one name and different kinds only the first can be told.
            var first = same.First();
            var all = same.Where(family => family.Kind == first.Kind).SelectMany(family => family.Snapshot().Select(series => (family, series))).ToList();
            if (all.Count == 0)
            {
                continue;
            }

            text.Append("# HELP ").Append(same.Key).Append(' ').Append(Escaped(first.Description, quotes: false)).Append('\n');
            text.Append("# TYPE ").Append(same.Key).Append(' ').Append(first.Kind switch { MetricKind.Counter => "counter", MetricKind.Histogram => "histogram", _ => "gauge" }).Append('\n');
            foreach (var (family, series) in all.DistinctBy(one => Labels(one.series)))
            {
                Write(text, same.Key, family, series);
            }
        }

        return text.ToString();
    }

    static void Write(StringBuilder text, string name, MetricFamily family, MetricSeries series)
    {
        var labels = Labels(series);
        if (family.Kind != MetricKind.Histogram)
        {
            Line(text, name, labels, series.Value);
            return;
        }

        var count = 0L;
        for (var i = 0; i < series.Buckets.Length; i++)
        {
            count += series.Buckets[i];
            var bound = i < family.Bounds.Count ? Number(family.Bounds[i]) : "+Inf";
            Line(text, name + "_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"", count);
        }

        Line(text, name + "_sum", labels, series.Value);
        Line(text, name + "_count", labels, count);
    }

    static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>http.server.request.duration in s is http_server_request_duration_seconds; a counter ends in _total.</summary>
    static string NameOf(MetricFamily family)
    {
        var name = Clean(family.Name);
        var unit = family.Unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            "1" when family.Kind == MetricKind.Gauge => "_ratio",
            "%" => "_percent",
            _ => "",
        };
        name = unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal) ? name + unit : name;
        return family.Kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    static string Labels(MetricSeries series) => string.Join(',', series.Tags
        .Where(tag => tag.Value is not null)
        .Select(tag => (Name: Clean(tag.Key), Value: Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? ""))
        .DistinctBy(label => label.Name)
        .Select(label => $"{(label.Name == "le" ? "le_" : label.Name)}=\"{Escaped(label.Value, quotes: true)}\""));

    /// <summary>Letters, digits and underscores, no digit first.</summary>
    static string Clean(string name)
    {
        var clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? "_" + clean : clean;
    }

    static string Escaped(string text, bool quotes)
    {
        var escaped = text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);
}
