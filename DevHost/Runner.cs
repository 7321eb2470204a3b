using System.Globalization;
using Spectre.Console;

namespace CityMonitor.Hosting;

/// <summary>Runs the city in a terminal until Ctrl-C, or until the demo is over.</summary>
static class Runner
{
    public static async Task<int> RunAsync(RunRequest request, CancellationToken ct)
    {
        var terminal = new Terminal(Terminal.OpenConsole(), quiet: request.Quiet || request.Demo is not null);
        try
        {
            return await RunAsync(request, terminal, ct);
        }
        catch (CityStartException e)
        {
            terminal.Failed(e.Message);
            return 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return 130;
        }
        finally
        {
            terminal.Dispose();
        }
    }

    static async Task<int> RunAsync(RunRequest request, Terminal terminal, CancellationToken ct)
    {
        var settings = LocalSettings.Read(".env");
        var vendors = VendorChoice.All(settings);
        var production = VendorChoice.Find(settings, ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"]) is { } name && name.Equals("Production", StringComparison.OrdinalIgnoreCase);
        if (production && vendors.Where(v => v.Simulated).Select(v => v.Vendor.Name).ToList() is { Count: > 0 } simulated)
        {
            throw new CityStartException($"ASPNETCORE_ENVIRONMENT is Production, where nothing is simulated, but there are no credentials for {string.Join(", ", simulated)}. Set them, or run as Development.");
        }

        if (VendorChoice.DangerOf(vendors) is { } danger && !request.AllowMixed)
        {
            throw new CityStartException($"{danger} --allow-mixed starts all the same.");
        }

        var ports = request.FreePorts ? LocalSettings.Given(request.Ports) : LocalSettings.PortsOf(settings, request.Ports);
        if (!vendors.Single(v => v.Vendor.Name == "Twilio").Simulated)
        {
            // What a tunnel or a proxy points at stays where it is.
            var fixedOnes = LocalSettings.PortsOf(settings, request.Ports);
            foreach (var service in Topology.Services.Where(service => service.External))
            {
                ports[service.Project] = fixedOnes[service.Project];
            }
        }

        await using var tunnel = await Tunnel.OpenWhereNeededAsync(settings, vendors, ports, terminal, ct);
        await using var dashboard = request.Dashboard ? await Dashboard.StartAsync(settings, terminal, ct) : null;

        await using var city = await terminal.WhileAsync("Starting the city", () => City.StartAsync(
            new CityOptions
            {
                Settings = settings,
                Ports = ports,
                Replicas = ReplicasOf(request.Replicas),
                RedisDirectory = vendors.Single(v => v.Vendor.Name == "Freshdesk").Simulated ? null : Path.GetFullPath("run/redis"),
                TranscriptsDirectory = Path.GetFullPath("run/transcripts"),
                Log = terminal.Write,
            },
            ct));
        terminal.ShowAddresses(city, dashboard, request.Demo is not null);
        if (await PublicReach.CheckAsync(settings, vendors, ct) is var (reached, text))
        {
            terminal.Note(reached, text);
        }

        if (request.Demo is { } demo)
        {
            return await Demo.RunAsync(city, demo, settings, terminal, ct);
        }

        await Task.Delay(Timeout.Infinite, ct).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        terminal.Say("Ending ...");
        return 0;
    }

    static Dictionary<string, int> ReplicasOf(IEnumerable<string> given)
    {
        var replicas = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var pair in given)
        {
            var parts = pair.Split('=', 2);
            if (parts.Length != 2 || Topology.Services.All(s => !s.Project.Equals(parts[0], StringComparison.OrdinalIgnoreCase))
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 9)
            {
                throw new CityStartException($"--replicas {pair} is not understood: it is --replicas Name=1 to 9, where Name is one of {string.Join(", ", Topology.Services.Select(s => s.Project))}; for example --replicas AgentWorker=2.");
            }

            replicas[parts[0]] = count;
        }

        return replicas;
    }
}
