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
    /// The simulated world comes before what is tried: on a busy machine our services get less, and the phones' clock still runs true.
    /// Needs root and Linux's autogroups; without them nothing happens, and rows whose clock was late are played again.
    /// </summary>
    public static void Prefer(int process)
    {
        try
        {
            File.WriteAllText($"/proc/{process}/autogroup", "-20");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Send(int pid, int signal);
}
