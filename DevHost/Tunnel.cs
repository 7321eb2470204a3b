using System.Net.Http;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityMonitor.Hosting;

/// <summary>
/// Twilio has to reach TelephonyApi and MediaBridge. Where it is real and nobody said under which public URLs it can, a dev tunnel
/// or ngrok is started for both ports, where present.
/// </summary>
sealed partial class Tunnel : IAsyncDisposable
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    readonly Child child;

    Tunnel(Child child) => this.child = child;

    /// <summary>Null where no tunnel is needed. Sets PublicUrls in <paramref name="settings"/>.</summary>
    public static async Task<Tunnel?> OpenWhereNeededAsync(
        Dictionary<string, string> settings, IReadOnlyList<VendorChoice> vendors, IReadOnlyDictionary<string, int> ports, Terminal terminal, CancellationToken ct)
    {
        if (vendors.Single(v => v.Vendor.Name == "Twilio").Simulated
            || (VendorChoice.Find(settings, ["PublicUrls__Telephony", Topology.PublicTelephony, "WEBHOOK_URL", "PUBLIC_URL", "BASE_URL"]) is not null
                && VendorChoice.Find(settings, ["PublicUrls__Media", Topology.PublicMedia, "WEBSOCKET_URL"]) is not null))
        {
            return null;
        }

        var (telephony, media) = (ports[Topology.TelephonyApi.Project], ports[Topology.MediaBridge.Project]);
        if (Platform.FindOnPath("devtunnel") is { } devtunnel)
        {
            return await OpenAsync(
                new ChildSpec("devtunnel", devtunnel, ["host", "-p", $"{telephony}", "-p", $"{media}", "--allow-anonymous"], ".", new Dictionary<string, string?>()),
                (lines, _) => Task.FromResult((FromLines(lines, telephony), FromLines(lines, media))), settings, telephony, media, terminal, ct);
        }

        if (Platform.FindOnPath("ngrok") is { } ngrok)
        {
            var file = Path.Combine(Directory.CreateTempSubdirectory("city-monitor-ngrok-").FullName, "ngrok.yml");
            await File.WriteAllTextAsync(file, $"version: 3\nendpoints:\n  - name: telephony\n    upstream: {{ url: http://127.0.0.1:{telephony} }}\n  - name: media\n    upstream: {{ url: http://127.0.0.1:{media} }}\n", ct);
            var own = Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".config", "ngrok", "ngrok.yml");
            string[] configs = File.Exists(own) ? ["--config", own] : [];
            return await OpenAsync(
                new ChildSpec("ngrok", ngrok, ["start", "--all", "--log", "stdout", .. configs, "--config", file], ".", new Dictionary<string, string?>()),
                async (_, stop) => await FromAgentAsync(telephony, media, stop), settings, telephony, media, terminal, ct);
        }

        throw new CityStartException(HowTo(telephony, media));
    }

    public ValueTask DisposeAsync() => child.DisposeAsync();

    static string HowTo(int telephony, int media) =>
        $"""
        Twilio is real, and it has to reach ports {telephony} and {media} of this machine. Neither devtunnel nor ngrok is here to do that. Either
        install devtunnel (curl -sL https://aka.ms/DevTunnelCliInstall | bash; devtunnel user login -d) and start again, or open two tunnels yourself:
          ngrok http {telephony}
          ngrok http {media}
        and start again with their addresses:
          PublicUrls__Telephony=https://<first> PublicUrls__Media=wss://<second> ./run.sh
        """;

    static async Task<Tunnel> OpenAsync(
        ChildSpec spec, Func<IReadOnlyList<string>, CancellationToken, Task<(string? Telephony, string? Media)>> find,
        Dictionary<string, string> settings, int telephony, int media, Terminal terminal, CancellationToken ct)
    {
        var log = new CityLog(terminal.Write);
        var tunnel = new Tunnel(new Child(spec, log.Write, TimeSpan.FromSeconds(5)));
        await tunnel.child.StartAsync();
        var urls = await terminal.WhileAsync($"Opening a tunnel with {spec.Name}", async () =>
        {
            for (var waited = TimeSpan.Zero; waited < patience && tunnel.child.Starts < 3; waited += TimeSpan.FromMilliseconds(250))
            {
                if (await find([.. log.Lines(spec.Name).Select(line => line.Text)], ct) is ({ } first, { } second))
                {
                    return (first, second);
                }

                await Task.Delay(250, ct);
            }

            return default((string, string)?);
        });
        if (urls is not var (publicTelephony, publicMedia))
        {
            await tunnel.DisposeAsync();
            throw new CityStartException($"{spec.Name} opened no tunnel within {patience.TotalSeconds:0} s.{log.Tails()}\n\n{HowTo(telephony, media)}");
        }

        settings["PublicUrls__Telephony"] = publicTelephony;
        settings["PublicUrls__Media"] = "wss" + publicMedia[publicMedia.IndexOf(':', StringComparison.Ordinal)..];
        terminal.Say($"Public addresses: {publicTelephony} and {settings["PublicUrls__Media"]}");
        return tunnel;
    }

    // Sample: "Connect via browser: https://abc123.euw.devtunnels.ms:5000, https://abc123-5000.euw.devtunnels.ms"
    static string? FromLines(IReadOnlyList<string> lines, int port) =>
        lines.SelectMany(line => DevTunnelUrl().Matches(line)).Select(match => match.Value.TrimEnd('/')).FirstOrDefault(url => url.Contains($"-{port}.", StringComparison.Ordinal));

    // Sample: {"tunnels":[{"name":"telephony","public_url":"https://x.ngrok.app","proto":"https","config":{"addr":"http://127.0.0.1:5000"}}]}
    static async Task<(string?, string?)> FromAgentAsync(int telephony, int media, CancellationToken ct)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            using var answer = JsonDocument.Parse(await client.GetStringAsync("http://127.0.0.1:4040/api/tunnels", ct));
            return (Of(answer, telephony), Of(answer, media));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return (null, null);
        }

        static string? Of(JsonDocument answer, int port) => answer.RootElement.GetProperty("tunnels").EnumerateArray()
            .Where(tunnel => tunnel.GetProperty("config").GetProperty("addr").GetString()!.EndsWith($":{port}", StringComparison.Ordinal))
            .Select(tunnel => tunnel.GetProperty("public_url").GetString()).FirstOrDefault();
    }

    [GeneratedRegex(@"https://[a-z0-9-]+\.[a-z0-9]+\.devtunnels\.ms/?(?=[\s,]|$)")]
    private static partial Regex DevTunnelUrl();
}
