using CityMonitor.Hosting;
using Spectre.Console;

namespace CityMonitor.DevHost.Tests;

public sealed class TunnelTests
{
    static readonly (string, string)[] RealTwilio =
        [("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"), ("TWILIO_AUTH_TOKEN", "t"), ("TWILIO_PHONE_NUMBER", "+12025550111")];

    static readonly Dictionary<string, int> Ports = new() { ["TelephonyApi"] = 5000, ["MediaBridge"] = 8080 };

    [Fact]
    public async Task A_simulated_Twilio_needs_no_tunnel() => Assert.Null(await OpenAsync());

    [Fact]
    public async Task Where_the_public_addresses_are_given_no_tunnel_is_opened()
    {
        Assert.Null(await OpenAsync([.. RealTwilio, ("WEBHOOK_URL", "https://calls.example.org/twilio/incoming"), ("WEBSOCKET_URL", "wss://media.example.org/media")]));
        Assert.Null(await OpenAsync([.. RealTwilio, ("PublicUrls__Telephony", "https://calls.example.org"), ("PublicUrls__Media", "wss://media.example.org/media")]));
    }

    [Fact]
    public async Task Without_addresses_and_without_a_tunnel_the_start_says_the_commands_to_type()
    {
        Assert.SkipWhen(Platform.FindOnPath("devtunnel") is not null || Platform.FindOnPath("ngrok") is not null, "A tunnel program is on this machine.");
        var error = await Assert.ThrowsAsync<CityStartException>(() => OpenAsync(RealTwilio));

        Assert.Contains("ngrok http 5000", error.Message, StringComparison.Ordinal);
        Assert.Contains("ngrok http 8080", error.Message, StringComparison.Ordinal);
        Assert.Contains("PublicUrls__Media=wss://", error.Message, StringComparison.Ordinal);
    }

    static async Task<Tunnel?> OpenAsync(params (string Name, string Value)[] given)
    {
        var settings = given.ToDictionary(setting => setting.Name, setting => setting.Value);
        using var terminal = new Terminal(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }), quiet: true);
        return await Tunnel.OpenWhereNeededAsync(settings, VendorChoice.All(settings), Ports, terminal, TestContext.Current.CancellationToken);
    }
}
