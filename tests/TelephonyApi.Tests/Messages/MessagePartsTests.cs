using CityMonitor.TelephonyApi.Messages;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Tests.Messages;

public sealed class MessagePartsTests
{
    [Theory]
    [InlineData(160, 'a', 1)]
    [InlineData(161, 'a', 2)]
    [InlineData(306, 'a', 2)]
    [InlineData(307, 'a', 3)]
    [InlineData(80, '€', 1)]
    [InlineData(70, 'ш', 1)]
    [InlineData(71, 'ш', 2)]
    public void Segments_are_counted_as_the_carriers_do(int length, char letter, int segments) =>
        Assert.Equal(segments, MessageParts.Segments(new string(letter, length)));

    [Fact]
    public void A_text_is_never_cut_inside_a_character() =>
        Assert.DoesNotContain('\uFFFD', string.Concat(MessageParts.SmsBody(string.Concat(Enumerable.Repeat("😀", 900)), []).EnumerateRunes().Select(rune => rune.ToString())));

    [Theory]
    [InlineData("https://cam.example.org/1.jpg", true)]
    [InlineData("https://deep.cam.example.net/1.jpg", true)]
    [InlineData("https://evil.example.com/1.jpg", false)]
    [InlineData("https://cam.example.org.evil.example.com/1.jpg", false)]
    [InlineData("https://user:pass@cam.example.org/1.jpg", false)]
    [InlineData("ftp://cam.example.org/1.jpg", false)]
    [InlineData("cam.example.org/1.jpg", false)]
    public void Only_allowed_hosts_are_linked_to(string link, bool allowed) =>
        Assert.Equal(allowed, Links(simulated: false, "cam.example.org", ".cam.example.net").ProblemOf(link) is null);

    [Theory]
    [InlineData("http://127.0.0.1/1.jpg")]
    [InlineData("http://localhost:5093/1.jpg")]
    [InlineData("http://10.1.2.3/1.jpg")]
    [InlineData("http://172.20.0.1/1.jpg")]
    [InlineData("http://192.168.1.1/1.jpg")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://100.64.0.1/1.jpg")]
    [InlineData("http://[::1]/1.jpg")]
    [InlineData("http://[fd00::1]/1.jpg")]
    [InlineData("http://[::ffff:10.0.0.1]/1.jpg")]
    [InlineData("http://camera-7/1.jpg")]
    [InlineData("http://camera.local/1.jpg")]
    [InlineData("http://0x7f000001/1.jpg")]
    public void No_link_points_into_a_private_network_unless_everything_is_simulated(string link)
    {
        Assert.NotNull(Links(simulated: false).ProblemOf(link));
        Assert.Null(Links(simulated: true).ProblemOf(link));
    }

    [Fact]
    public void Public_addresses_may_be_linked_to() => Assert.Null(Links(simulated: false).ProblemOf("https://203.0.113.9/1.jpg"));

    static EvidenceLinks Links(bool simulated, params string[] allowed) => new(
        Options.Create(new EvidenceOptions { AllowedHosts = allowed }),
        Options.Create(new TwilioOptions { Simulated = simulated }));
}
