using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class VendorEndpointTests
{
    public static TheoryData<Vendor> Vendors => new(Vendor.Twilio, Vendor.Deepgram, Vendor.OpenAI, Vendor.Freshdesk, Vendor.ElevenLabs);

    [Theory]
    [MemberData(nameof(Vendors))]
    public void A_vendor_without_credentials_is_simulated_and_says_so(Vendor vendor)
    {
        var endpoint = Resolve(vendor, "Development");

        Assert.True(endpoint.Simulated);
        Assert.Equal(vendor.SimulatedBaseUrl, endpoint.Mode.BaseUrl);
        Assert.Contains("SIMULATED", endpoint.Mode.ToString(), StringComparison.Ordinal);
        Assert.All(vendor.Settings, setting => Assert.Equal(setting.Simulated, endpoint[setting.Key]));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public void In_production_missing_credentials_stop_the_start(Vendor vendor)
    {
        var error = Assert.Throws<StartupProblemException>(() => Resolve(vendor, "Production"));

        Assert.All(vendor.Settings.Where(setting => setting.Credential), setting => Assert.Contains(error.Problems, problem => problem.StartsWith(setting.Key, StringComparison.Ordinal)));
        Assert.Throws<StartupProblemException>(() => Resolve(vendor, "Production", [.. vendor.Settings.Select(setting => (setting.Key, setting.Simulated))]));
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    public void Half_given_credentials_stop_the_start_everywhere(string environment)
    {
        var error = Assert.Throws<StartupProblemException>(() => Resolve(Vendor.Twilio, environment, ("Twilio:AccountSid", "AC11"), ("Twilio:PhoneNumber", "+12025550100")));

        Assert.StartsWith("Twilio:AuthToken is missing", Assert.Single(error.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("city", "https://city.freshdesk.com")]
    [InlineData("city.freshdesk.com", "https://city.freshdesk.com")]
    [InlineData("https://city.freshdesk.com/", "https://city.freshdesk.com")]
    public void With_credentials_the_vendor_itself_is_asked(string domain, string url)
    {
        var endpoint = Resolve(Vendor.Freshdesk, "Production", ("Freshdesk:ApiKey", "k"), ("Freshdesk:Domain", domain));

        Assert.False(endpoint.Simulated);
        Assert.Equal((url, "k"), (endpoint.Mode.BaseUrl, endpoint["Freshdesk:ApiKey"]));
    }

    [Fact]
    public void A_base_url_wins_and_a_wrong_one_stops_the_start()
    {
        Assert.Equal("http://127.0.0.1:7777", Resolve(Vendor.Twilio, "Development", ("Twilio:BaseUrl", "http://127.0.0.1:7777/")).Mode.BaseUrl);
        var error = Assert.Throws<StartupProblemException>(() => Resolve(Vendor.Twilio, "Development", ("Twilio:BaseUrl", "localhost")));
        Assert.Contains("Twilio:BaseUrl must be an absolute URL", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vendors_second_url_follows_its_mode()
    {
        Assert.Equal("ws://127.0.0.1:5092/", Agent(Resolve(Vendor.Deepgram, "Development")).ToString());
        Assert.Equal("wss://agent.deepgram.com/", Agent(Resolve(Vendor.Deepgram, "Production", ("Deepgram:ApiKey", "k"))).ToString());

        static Uri Agent(VendorEndpoint endpoint) => endpoint.Url("Deepgram:AgentBaseUrl", "wss://agent.deepgram.com", "ws://127.0.0.1:5092");
    }

    static VendorEndpoint Resolve(Vendor vendor, string environment, params (string Key, string Value)[] settings) =>
        VendorEndpoint.Resolve(
            new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build(),
            new Named(environment),
            vendor);

    sealed class Named(string environment) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = environment;
        public string ApplicationName { get; set; } = "test";
        public string ContentRootPath { get; set; } = AppContext.BaseDirectory;
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
