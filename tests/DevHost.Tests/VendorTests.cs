using CityMonitor.Hosting;

namespace CityMonitor.DevHost.Tests;

public sealed class VendorTests
{
    const string Sid = "AC0123456789abcdef0123456789abcdef";

    [Fact]
    public void Without_credentials_every_vendor_is_simulated() =>
        Assert.All(VendorChoice.All(new Dictionary<string, string>()), choice => Assert.True(choice.Simulated));

    [Fact]
    public void The_aliases_of_the_source_systems_make_a_vendor_real()
    {
        var twilio = Choice("Twilio", ("TWILIO_ACCOUNT_SID", Sid), ("TWILIO_AUTH_TOKEN", "t"), ("TWILIO_PHONE_NUMBER", "+12025550111"));
        Assert.False(twilio.Simulated);
        Assert.Equal("t", twilio.Given["Twilio__AuthToken"]);
    }

    [Fact]
    public void Half_given_credentials_are_an_error_that_names_what_is_missing()
    {
        var error = Assert.Throws<CityStartException>(() => Choice("Twilio", ("TWILIO_ACCOUNT_SID", Sid)));
        Assert.Contains("Twilio__AuthToken (or TWILIO_AUTH_TOKEN) and Twilio__PhoneNumber (or TWILIO_PHONE_NUMBER) are missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_API_KEY_without_a_Freshdesk_domain_is_somebody_elses()
    {
        Assert.True(Choice("Freshdesk", ("API_KEY", "k")).Simulated);
        Assert.False(Choice("Freshdesk", ("API_KEY", "k"), ("FRESHDESK_DOMAIN", "city")).Simulated);
    }

    [Fact]
    public void Real_phones_are_not_called_with_simulated_speech() =>
        Assert.Contains("test tones", VendorChoice.DangerOf(VendorChoice.All(Settings(("TWILIO_ACCOUNT_SID", Sid), ("TWILIO_AUTH_TOKEN", "t"), ("TWILIO_PHONE_NUMBER", "+12025550111")))), StringComparison.Ordinal);

    [Fact]
    public void Real_tickets_are_not_answered_by_simulated_phones() =>
        Assert.Contains("do not exist", VendorChoice.DangerOf(VendorChoice.All(Settings(("FRESHDESK_API_KEY", "k"), ("FRESHDESK_DOMAIN", "city")))), StringComparison.Ordinal);

    [Fact]
    public void All_simulated_is_no_danger() => Assert.Null(VendorChoice.DangerOf(VendorChoice.All(new Dictionary<string, string>())));

    [Fact]
    public void A_credential_reaches_only_the_service_that_holds_its_vendor()
    {
        var settings = Settings(("TWILIO_ACCOUNT_SID", Sid), ("TWILIO_AUTH_TOKEN", "secret"), ("TWILIO_PHONE_NUMBER", "+12025550111"), ("DEEPGRAM_API_KEY", "d"));
        var ports = Ports.Choose(["Simulator", "TelephonyApi", "MediaBridge", "IncidentPoller", "AgentWorker", .. Topology.Vendors.Select(v => v.Name)], new Dictionary<string, int>());
        var environment = new ServiceEnvironment(new CityOptions { Settings = settings }, ports, VendorChoice.All(settings), "127.0.0.1:1", "/tmp/transcripts");

        Assert.Equal("secret", environment.Of(Topology.TelephonyApi, 1, "ws://127.0.0.1:2")["Twilio__AuthToken"]);
        foreach (var other in Topology.Services.Where(service => service != Topology.TelephonyApi))
        {
            var given = environment.Of(other, 1, "ws://127.0.0.1:2");
            Assert.Null(given["Twilio__AuthToken"]);
            Assert.Null(given["TWILIO_AUTH_TOKEN"]);
            Assert.DoesNotContain("secret", given.Values);
        }

        Assert.DoesNotContain("secret", environment.OfSimulator().Values);
        Assert.Null(environment.Of(Topology.MediaBridge, 1, "ws://127.0.0.1:2").GetValueOrDefault("Deepgram__BaseUrl"));
        Assert.StartsWith("http://127.0.0.1:", environment.Of(Topology.IncidentPoller, 1, "ws://127.0.0.1:2")["Freshdesk__BaseUrl"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_spare_voice_without_a_key_is_left_out_of_real_calls()
    {
        var real = VendorChoice.All(Settings(("DEEPGRAM_API_KEY", "d"))).Single(choice => choice.Vendor.Name == "ElevenLabs");
        Assert.Equal((false, true), (real.Simulated, real.Off));
        var both = VendorChoice.All(Settings(("DEEPGRAM_API_KEY", "d"), ("ELEVENLABS_API_KEY", "e"))).Single(choice => choice.Vendor.Name == "ElevenLabs");
        Assert.Equal((false, false), (both.Simulated, both.Off));
    }

    [Fact]
    public void A_simulated_model_does_not_guess_about_real_tickets()
    {
        Assert.True(ServiceEnvironment.ModelIsOff(VendorChoice.All(Settings(("FRESHDESK_API_KEY", "k"), ("FRESHDESK_DOMAIN", "city")))));
        Assert.False(ServiceEnvironment.ModelIsOff(VendorChoice.All(Settings(("FRESHDESK_API_KEY", "k"), ("FRESHDESK_DOMAIN", "city"), ("OPENAI_API_KEY", "o")))));
        Assert.False(ServiceEnvironment.ModelIsOff(VendorChoice.All(new Dictionary<string, string>())));
    }

    static VendorChoice Choice(string vendor, params (string, string)[] settings) => VendorChoice.All(Settings(settings)).Single(choice => choice.Vendor.Name == vendor);

    static Dictionary<string, string> Settings(params (string Name, string Value)[] settings) => settings.ToDictionary(s => s.Name, s => s.Value);
}
