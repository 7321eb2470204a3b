using System.Globalization;

namespace CityMonitor.Bench;

/// <summary>What the kernel says of one process (Linux).</summary>
static class ProcessProbe
{
    const double TicksPerSecond = 100;

    /// <param name="Cpu">Processor time since its start.</param>
    /// <param name="RssMb">Resident memory.</param>
    /// <param name="Descriptors">Everything open: files, sockets, pipes, eventfds.</param>
    internal readonly record struct Reading(TimeSpan Cpu, double RssMb, int Descriptors, int Sockets, int Threads);

    public static Reading Read(int pid)
    {
        var status = File.ReadLines($"/proc/{pid}/status").Select(line => line.Split(':', 2)).ToLookup(pair => pair[0], pair => pair[1]);
        var open = Directory.GetFiles($"/proc/{pid}/fd").Select(TargetOf).ToList();
        return new Reading(
            Cpu(pid), Number(status["VmRSS"].First()) / 1024.0, open.Count, open.Count(target => target.StartsWith("socket:", StringComparison.Ordinal)),
            Number(status["Threads"].First()));
    }

    public static TimeSpan Cpu(int pid)
    {
        // The name, in parentheses, may hold anything; behind it utime and stime are the 12th and 13th fields.
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
    }

    /// <summary>Processes that want a core, of the last minute: what a figure of a shared machine has to be read with.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    static string TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return ""; // closed between the look and the read
        }
    }

    static int Number(string field) => int.Parse(field.Trim().Split(' ')[0], CultureInfo.InvariantCulture);
}
