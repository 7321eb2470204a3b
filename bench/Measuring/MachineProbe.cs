using System.Globalization;

namespace CityMonitor.Bench;

/// <summary>What all cores together have done since the machine started, in the kernel's ticks (Linux).</summary>
readonly record struct MachineProbe(long Busy, long All)
{
    public static MachineProbe Read()
    {
        // cpu  user nice system idle iowait irq softirq steal guest guest_nice; the last two are in the first.
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return new MachineProbe(ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    /// <summary>Share of the cores' time since <paramref name="before"/> in which they worked.</summary>
    public double BusySince(MachineProbe before) => (double)(Busy - before.Busy) / Math.Max(1, All - before.All);
}
