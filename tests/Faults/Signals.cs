using System.Runtime.InteropServices;

namespace CityMonitor.Faults;

/// <summary>Signals that DevHost has no use for.</summary>
static partial class Signals
{
    const int SigCont = 18;
    const int SigStop = 19;

    public static void Stop(int process) => _ = Send(process, SigStop);

    public static void Continue(int process) => _ = Send(process, SigCont);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Send(int pid, int signal);
}
