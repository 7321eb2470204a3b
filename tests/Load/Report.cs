namespace CityMonitor.Load;

/// <summary>The section of docs/reliability.md that is ours: replaced whole, all else stays as it is.</summary>
static class Report
{
    const string Heading = "## Soak";

    public static void Write(string file, IEnumerable<string> text)
    {
        var lines = File.Exists(file) ? File.ReadAllLines(file).ToList() : [];
        var from = lines.IndexOf(Heading);
        if (from >= 0)
        {
            var to = lines.FindIndex(from + 1, line => line.StartsWith("## ", StringComparison.Ordinal));
            lines.RemoveRange(from, (to < 0 ? lines.Count : to) - from);
        }
        else
        {
            from = lines.Count;
        }

        List<string> added = [Heading, "", .. text];
        lines.InsertRange(from, from < lines.Count ? [.. added, ""] : from > 0 && lines[from - 1].Length > 0 ? ["", .. added] : added);
        File.WriteAllLines(file, lines);
    }
}
