using System.Runtime.InteropServices;

namespace CityMonitor.Hosting;

/// <summary>
/// The Aspire dashboard alone, without an AppHost or a container engine: traces, metrics and logs of every service. It comes
/// with the Aspire CLI, which is taken from PATH or fetched once with npm.
/// </summary>
sealed class Dashboard : IAsyncDisposable
{
    const string Version = "13.5.4";
    const string HowToInstall =
        "The Aspire dashboard needs the Aspire CLI. Install it (https://aspire.dev, or: npm install -g @microsoft/aspire-cli-linux-x64) or install npm, " +
        "which fetches it here; or start without --dashboard.";

    readonly Child child;

    Dashboard(Child child, Uri url) => (this.child, Url) = (child, url);

    public Uri Url { get; }

    /// <summary>Starts it and points the settings of every service at it.</summary>
    public static async Task<Dashboard> StartAsync(Dictionary<string, string> settings, Terminal terminal, CancellationToken ct)
    {
        var program = Platform.FindOnPath("aspire") ?? await FetchAsync(terminal, ct);
        var ports = Ports.Choose(["Dashboard", "DashboardOtlp", "DashboardOtlpHttp"], new Dictionary<string, int>());
        var child = new Child(
            new ChildSpec(
                "dashboard", program,
                ["dashboard", "run", "--non-interactive", "--nologo", "--allow-anonymous",
                    "--frontend-url", ports.Url("Dashboard"), "--otlp-grpc-url", ports.Url("DashboardOtlp"), "--otlp-http-url", ports.Url("DashboardOtlpHttp")],
                Directory.GetCurrentDirectory(),
                new Dictionary<string, string?> { ["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "1", ["NO_COLOR"] = "1" })
            {
                Ready = new Uri(ports.Url("Dashboard")),
                HasChildren = true,
            },
            terminal.Write,
            TimeSpan.FromSeconds(10));
        settings["OTEL_EXPORTER_OTLP_ENDPOINT"] = ports.Url("DashboardOtlp");
        settings["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";

        // What is seen in the dashboard should be of now, not of a minute ago.
        settings.TryAdd("OTEL_BSP_SCHEDULE_DELAY", "1000");
        settings.TryAdd("OTEL_BLRP_SCHEDULE_DELAY", "1000");
        settings.TryAdd("OTEL_METRIC_EXPORT_INTERVAL", "5000");
        var log = new CityLog(null);
        await terminal.WhileAsync("Starting the Aspire dashboard", async () =>
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(TimeSpan.FromSeconds(60));
            await child.StartAsync();
            await Readiness.WaitAsync([child], log, deadline.Token);
            return true;
        });
        return new Dashboard(child, new Uri(ports.Url("Dashboard")));
    }

    public ValueTask DisposeAsync() => child.DisposeAsync();

    static async Task<string> FetchAsync(Terminal terminal, CancellationToken ct)
    {
        var package = $"@microsoft/aspire-cli-linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";
        var directory = Path.GetFullPath("artifacts/aspire-cli");
        var program = Path.Combine(directory, "node_modules", package, "bin", "aspire");
        if (File.Exists(program))
        {
            return program;
        }

        var npm = OperatingSystem.IsLinux() && Platform.FindOnPath("npm") is { } found ? found : throw new CityStartException(HowToInstall);
        Directory.CreateDirectory(directory);
        return await terminal.WhileAsync($"Fetching the Aspire CLI ({package} {Version}, 127 MB, once)", async () =>
        {
            using var install = await Platform.StartAsync(npm, ["install", "--no-audit", "--no-fund", "--prefix", directory, $"{package}@{Version}"], directory, new Dictionary<string, string?>());
            var said = Task.WhenAll(install.StandardOutput.ReadToEndAsync(ct), install.StandardError.ReadToEndAsync(ct));
            await install.WaitForExitAsync(ct);
            return File.Exists(program) ? program
                : throw new CityStartException($"{HowToInstall}\nnpm said: {string.Join('\n', await said).Trim()}");
        });
    }
}
