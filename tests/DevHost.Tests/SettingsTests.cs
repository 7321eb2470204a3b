using CityMonitor.Hosting;

namespace CityMonitor.DevHost.Tests;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("NAME=value", "NAME", "value")]
    [InlineData("  export NAME=value  ", "NAME", "value")]
    [InlineData("NAME=\"a # b\"", "NAME", "a # b")]
    [InlineData("NAME='quoted'", "NAME", "quoted")]
    [InlineData("NAME=value # said why", "NAME", "value")]
    [InlineData("NAME=a=b", "NAME", "a=b")]
    [InlineData("NAME=", "NAME", "")]
    public void A_line_of_an_env_file_is_read(string line, string name, string value) =>
        Assert.Equal((name, value), LocalSettings.Parse(line));

    [Theory]
    [InlineData("")]
    [InlineData("# NAME=value")]
    [InlineData("NAME")]
    [InlineData("=value")]
    public void A_line_that_sets_nothing_is_skipped(string line) => Assert.Null(LocalSettings.Parse(line));

    [Fact]
    public void The_environment_wins_over_the_env_file()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "PATH=/nowhere\nCITY_MONITOR_ONLY_IN_FILE=here\n");
        var settings = LocalSettings.Read(file);
        Assert.Equal(System.Environment.GetEnvironmentVariable("PATH"), settings["PATH"]);
        Assert.Equal("here", settings["CITY_MONITOR_ONLY_IN_FILE"]);
        File.Delete(file);
    }

    [Fact]
    public void A_port_can_be_chosen_and_the_PORT_of_the_source_system_is_TelephonyApis()
    {
        var ports = LocalSettings.PortsOf(new Dictionary<string, string> { ["PORT"] = "6000" }, ["MediaBridge=9000"]);
        Assert.Equal(6000, ports["TelephonyApi"]);
        Assert.Equal(9000, ports["MediaBridge"]);
        Assert.Equal(5090, ports["Simulator"]);
    }

    [Theory]
    [InlineData("MediaBridge")]
    [InlineData("Nobody=9000")]
    [InlineData("MediaBridge=0")]
    [InlineData("MediaBridge=70000")]
    [InlineData("MediaBridge=http")]
    public void A_port_that_is_not_understood_is_an_error_with_an_example(string given)
    {
        var error = Assert.Throws<CityStartException>(() => LocalSettings.PortsOf(new Dictionary<string, string>(), [given]));
        Assert.Contains("for example", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_names_of_Aspire_parameters_follow_from_the_keys() => Assert.Equal(
        ["twilio-account-sid", "twilio-auth-token", "twilio-phone-number", "twilio-whats-app-from", "twilio-whats-app-template-sid", "deepgram-api-key", "freshdesk-domain", "freshdesk-api-key", "open-ai-api-key", "eleven-labs-api-key"],
        Topology.Vendors.SelectMany(vendor => vendor.Settings).Select(setting => setting.Parameter));
}
