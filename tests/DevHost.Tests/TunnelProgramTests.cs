using System.Diagnostics;
using CityMonitor.Hosting;
using CityMonitor.Tests.Shared;

namespace CityMonitor.DevHost.Tests;

/// <summary>The host as it is started with a real Twilio, and a tunnel program on PATH.</summary>
public sealed class TunnelProgramTests : IDisposable
{
    readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("city-monitor-test-");

    [Fact]
    public async Task A_dev_tunnel_is_opened_and_its_addresses_are_used()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("A shell script stands in for devtunnel.");
            return;
        }

        var program = Path.Combine(directory.FullName, "devtunnel");
        await File.WriteAllTextAsync(program, """
            #!/bin/sh
            echo "Hosting port: $3"
            echo "Connect via browser: https://abc123.euw.devtunnels.ms:$3, https://abc123-$3.euw.devtunnels.ms"
            echo "Inspect network activity: https://abc123-$3-inspect.euw.devtunnels.ms"
            echo "Connect via browser: https://abc123.euw.devtunnels.ms:$5, https://abc123-$5.euw.devtunnels.ms"
            sleep 60
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var free = Ports.Choose(["TelephonyApi", "MediaBridge"], new Dictionary<string, int>());
        var (telephony, media) = (free["TelephonyApi"], free["MediaBridge"]);
        using var host = Start("--port", $"TelephonyApi={telephony}", "--port", $"MediaBridge={media}");
        var said = "";
        await Eventually.TrueAsync(
            async () => (said += await host.StandardOutput.ReadLineAsync() + "\n").Contains($"https://abc123-{telephony}.euw.devtunnels.ms and wss://abc123-{media}.euw.devtunnels.ms", StringComparison.Ordinal),
            "both addresses named", TimeSpan.FromSeconds(30));
        host.Kill();
        await host.WaitForExitAsync();
    }

    public void Dispose() => directory.Delete(recursive: true);

    Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Artifacts.Dotnet, [Path.Combine(AppContext.BaseDirectory, "DevHost.dll"), "--free-ports", "--quiet", .. arguments])
        {
            WorkingDirectory = directory.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{directory.FullName}:/usr/bin:/bin";
        start.Environment["TWILIO_ACCOUNT_SID"] = "AC0123456789abcdef0123456789abcdef";
        start.Environment["TWILIO_AUTH_TOKEN"] = "x";
        start.Environment["TWILIO_PHONE_NUMBER"] = "+12025550111";
        start.Environment["DEEPGRAM_API_KEY"] = "x";
        return Process.Start(start)!;
    }
}
