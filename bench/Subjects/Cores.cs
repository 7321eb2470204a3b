using System.Diagnostics;

namespace CityMonitor.Bench.Subjects;

/// <summary>The load and its fakes on the first core, what is measured on the second.</summary>
static class Cores
{
    const string Mark = "BENCH_PINNED";

    public static string? ForSubject => Environment.GetEnvironmentVariable(Mark) is { Length: > 0 } ? "1" : null;

    /// <summary>Runs this program again under taskset; null where that is done already, or not possible here.</summary>
    public static async Task<int?> PinAsync(string[] arguments)
    {
        if (ForSubject is not null || !OperatingSystem.IsLinux() || Environment.ProcessorCount < 2 || Hosting.Platform.FindOnPath("taskset") is null)
        {
            return null;
        }

        var own = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? new[] { typeof(Cores).Assembly.Location } : [];
        var start = new ProcessStartInfo("taskset", ["-c", "0", Environment.ProcessPath!, .. own, .. arguments]);
        start.Environment[Mark] = "1";
        using var pinned = Process.Start(start)!;
        await pinned.WaitForExitAsync();
        return pinned.ExitCode;
    }
}
