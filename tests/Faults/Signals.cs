using System.Globalization;
using System.Runtime.InteropServices;

namespace CityMonitor.Faults;

/// <summary>Signals and priorities that DevHost has no use for.</summary>
static partial class Signals
{
    const int SigCont = 18;
    const int SigStop = 19;

    public static void Stop(int process) => _ = Send(process, SigStop);

    public static void Continue(int process) => _ = Send(process, SigCont);

    /// <summary>
    /// The simulated world comes before what is tried, and the phones' clock before the rest of it: on a busy machine our services get
    /// less, and the clock still runs true. Needs root and Linux; without them rows whose clock was late are played again.
    /// </summary>
    public static void Prefer(int process)
    {
        try
        {
            File.WriteAllText($"/proc/{process}/autogroup", "-20");
            foreach (var thread in Directory.GetDirectories($"/proc/{process}/task").Where(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim() == "audio pacer"))
            {
                _ = SetPriority(0, int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), -20);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Send(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, int who, int priority);
}
