using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CityMonitor.Hosting;

/// <summary>
/// Starts and signals processes so that none outlives us. On Linux each child is led into a session of its own (so that Ctrl-C
/// reaches us alone and we end the others in order) and asks the kernel to be killed when the thread that started it dies. That
/// thread is one that lives as long as this process: a pool thread may end at any time and would take its children along.
/// </summary>
static partial class Platform
{
    const int SigKill = 9;
    const int SigTerm = 15;

    static readonly BlockingCollection<Action> work = [];
    static readonly string? setsid = OperatingSystem.IsLinux() ? FindOnPath("setsid") : null;
    static readonly string? setpriv = OperatingSystem.IsLinux() ? FindOnPath("setpriv") : null;

    static Platform()
    {
        var thread = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        })
        { IsBackground = true, Name = "process starter" };
        thread.Start();
    }

    public static Task<Process> StartAsync(string program, IReadOnlyList<string> arguments, string directory, IReadOnlyDictionary<string, string?> environment, bool hasChildren = false)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(Describe(program, arguments, directory, environment, hasChildren))!);
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                started.SetException(new CityStartException($"{program} could not be started: {e.Message}", e));
            }
        });
        return started.Task;
    }

    public static void Terminate(Process process) => Signal(process, SigTerm);

    public static void Kill(Process process) => Signal(process, SigKill);

    /// <summary>The full path of a program on PATH, or null.</summary>
    public static string? FindOnPath(string program) =>
        (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, OperatingSystem.IsWindows() ? program + ".exe" : program))
            .FirstOrDefault(File.Exists);

    static ProcessStartInfo Describe(string program, IReadOnlyList<string> arguments, string directory, IReadOnlyDictionary<string, string?> environment, bool hasChildren)
    {
        // Who has children of its own must get the chance to end them.
        var signal = hasChildren ? "TERM" : "KILL";
        List<string> line = [.. setsid is null ? [] : new[] { setsid }, .. setpriv is null ? [] : new[] { setpriv, "--pdeathsig", signal }, program, .. arguments];
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    static void Signal(Process process, int signal)
    {
        try
        {
            if (process.HasExited)
            {
                return;
            }

            if (OperatingSystem.IsWindows())
            {
                process.Kill();
            }
            else
            {
                _ = SendSignal(process.Id, signal);
            }
        }
        catch (InvalidOperationException)
        {
            // It ended between the look and the signal.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int pid, int signal);
}
