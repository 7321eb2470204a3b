using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CityMonitor.Hosting;
using CityMonitor.Tests.Shared;

namespace CityMonitor.DevHost.Tests;

public sealed class ProcessTests
{
    readonly ConcurrentQueue<LogLine> lines = [];

    [Fact]
    public async Task A_child_that_dies_is_started_again()
    {
        await using var child = Shell("echo alive; sleep 60");
        await child.StartAsync();
        await Eventually.TrueAsync(() => lines.Any(line => line.Text == "alive"), "the first life heard of");
        await child.KillAsync(stayDown: false);
        await Eventually.TrueAsync(() => child.Starts == 2 && child.IsRunning, "a second start");
        await Eventually.TrueAsync(() => lines.Count(line => line.Text == "alive") == 2, "both lives heard of");
    }

    [Fact]
    public async Task A_child_that_keeps_dying_is_started_less_and_less_often()
    {
        await using var child = Shell("exit 3");
        await child.StartAsync();
        await Eventually.TrueAsync(() => lines.Any(line => line.Text.EndsWith("exit code 3; it is started again in 0.8 s", StringComparison.Ordinal)), "a third, longer wait");
        Assert.Contains(lines, line => line.Text.EndsWith("again in 0.2 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_child_that_was_stopped_stays_down_until_it_is_started()
    {
        await using var child = Shell("sleep 60");
        await child.StartAsync();
        await child.StopAsync();
        Assert.False(child.IsRunning);
        Assert.Equal(1, child.Starts);
        await child.StartAsync();
        Assert.True(child.IsRunning);
    }

    [Fact]
    public async Task A_child_that_ignores_the_request_to_end_is_killed()
    {
        await using var child = Shell("trap '' TERM; while true; do sleep 0.1; done");
        await child.StartAsync();
        await Task.Delay(200);
        await child.StopAsync();
        Assert.False(child.IsRunning);
        Assert.Contains(lines, line => line.Text.Contains("did not end within", StringComparison.Ordinal));
    }

    [Fact]
    public void A_port_in_use_is_named_with_what_to_do_about_it()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var error = Assert.Throws<CityStartException>(() => Ports.Choose(["MediaBridge"], new Dictionary<string, int> { ["MediaBridge"] = port }));
        Assert.Contains($"Port {port}, which MediaBridge needs, is in use", error.Message, StringComparison.Ordinal);
        Assert.Contains("--port MediaBridge=", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_kills_the_host_kills_its_children_too()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The kernel ends them on Linux only.");
        var directory = Directory.CreateTempSubdirectory("city-monitor-test-");
        using var host = Process.Start(new ProcessStartInfo(Artifacts.Dotnet, [Path.Combine(AppContext.BaseDirectory, "DevHost.dll"), "--free-ports", "--quiet"])
        {
            WorkingDirectory = directory.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        IReadOnlyList<int> children = [];
        await Eventually.TrueAsync(() => (children = ChildrenOf(host.Id)).Count >= 6, "Redis, the Simulator and four services", TimeSpan.FromSeconds(60));

        host.Kill();
        await host.WaitForExitAsync();
        // They end in order, which on a busy machine takes as long as their drain.
        await Eventually.TrueAsync(() => !children.Any(IsAlive), "no child left", TimeSpan.FromSeconds(40));
        directory.Delete(recursive: true);
    }

    Child Shell(string script) => new(
        new ChildSpec("shell", "/bin/sh", ["-c", script], "/", new Dictionary<string, string?>()), lines.Enqueue, TimeSpan.FromMilliseconds(500));

    // Sample of /proc/17/stat: "17 (dotnet) S 12 17 17 0 -1 ..."; the fourth field is the parent.
    static List<int> ChildrenOf(int parent) =>
        [.. Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit))
            .Select(name => int.Parse(name, CultureInfo.InvariantCulture)).Where(id => ParentOf(id) == parent)];

    static int? ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : int.Parse(fields[1], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static bool IsAlive(int id) => ParentOf(id) is not null;
}
