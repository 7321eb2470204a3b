using CityMonitor.IncidentPoller.Parsing;

namespace CityMonitor.IncidentPoller.Tests.Parsing;

public sealed class WrittenValueTests
{
    [Theory]
    [InlineData("+12025550123", "+12025550123")]
    [InlineData("12025550123", "+12025550123")]
    [InlineData(" +1 (202) 555-0123 ", "+12025550123")]
    [InlineData("+1.202.555.0123", "+12025550123")]
    [InlineData("0012025550123", "+12025550123")]
    [InlineData("Tel: +1 202 555 0123", "+12025550123")]
    [InlineData("+12025550123, +1 202 555 0123", "+12025550123")]
    [InlineData("923000000123", "+923000000123")]
    public void Written_forms_of_an_international_number_are_understood(string text, string expected)
    {
        var reading = PhoneText.Read(text, null);

        Assert.Equal((expected, null), (reading.Value?.Value, reading.Problem));
    }

    [Theory]
    [InlineData("03000000123", "national number")]
    [InlineData("2025550123", "ten digits")]
    [InlineData("202555012", "at least 10 digits")]
    [InlineData("+120255501", "11 digits")]
    [InlineData("+1202555012345", "11 digits")]
    [InlineData("9230000001234567", "8 to 15 digits")]
    [InlineData("+9230000001234567", "8 to 15 digits")]
    [InlineData("+03000000123", "never begins with 0")]
    [InlineData("+1202CITYHALL", "no letters")]
    [InlineData("the usual one", "no letters")]
    [InlineData("---", "must be a phone number")]
    public void A_number_that_could_be_somebody_elses_is_a_problem_not_a_guess(string text, string rule)
    {
        var reading = PhoneText.Read(text, null);

        Assert.Null(reading.Value);
        Assert.Contains(rule, reading.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("03000000123", "92", "+923000000123")]
    [InlineData("2025550123", "1", "+12025550123")]
    [InlineData("12025550123", "1", "+12025550123")]
    [InlineData("+12025550123", "92", "+12025550123")]
    public void National_numbers_get_the_default_country_code_where_there_is_one(string text, string code, string expected) =>
        Assert.Equal(expected, PhoneText.Read(text, code).Value?.Value);

    [Theory]
    [InlineData("+12025550123 / +12025550145")]
    [InlineData("12025550123, 12025550145")]
    [InlineData("+12025550123 or +12025550145")]
    public void Of_two_numbers_the_first_is_used_and_the_ticket_is_told(string text)
    {
        var reading = PhoneText.Read(text, null);

        Assert.Equal("+12025550123", reading.Value?.Value);
        Assert.Contains("not several", reading.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("95%", 0.95)]
    [InlineData("95 %", 0.95)]
    [InlineData("0.95", 0.95)]
    [InlineData("0,95", 0.95)]
    [InlineData("95", 0.95)]
    [InlineData("1", 1)]
    [InlineData("0", 0)]
    [InlineData("100", 1)]
    [InlineData("0.5%", 0.005)]
    public void Confidence_is_understood_as_share_and_as_percentage(string text, double expected) =>
        Assert.Equal((expected, null), (ConfidenceText.Read(text).Value, ConfidenceText.Read(text).Problem));

    [Theory]
    [InlineData("150%")]
    [InlineData("150")]
    [InlineData("1.5")]
    [InlineData("-0.2")]
    [InlineData("high")]
    [InlineData("NaN")]
    [InlineData("")]
    public void An_impossible_confidence_is_a_problem(string text)
    {
        Assert.Null(ConfidenceText.Read(text).Value);
        Assert.NotNull(ConfidenceText.Read(text).Problem);
    }

    [Theory]
    [InlineData("2026-03-01 09:15:00", "2026-03-01T04:15:00Z")]
    [InlineData("2026-03-01T09:15:00", "2026-03-01T04:15:00Z")]
    [InlineData("2026-03-01 09:15", "2026-03-01T04:15:00Z")]
    [InlineData("2026-03-01T09:15:00Z", "2026-03-01T09:15:00Z")]
    [InlineData("2026-03-01 09:15:00 UTC", "2026-03-01T09:15:00Z")]
    [InlineData("2026-03-01T09:15:00+05:30", "2026-03-01T03:45:00Z")]
    [InlineData("2026-03-01T09:15:00.123Z", "2026-03-01T09:15:00.123Z")]
    [InlineData("2026-03-01", "2026-02-28T19:00:00Z")]
    public void A_time_without_a_zone_is_in_the_configured_one(string text, string expected)
    {
        var reading = DetectionTime.Read(text, TimeZoneInfo.FindSystemTimeZoneById("Asia/Karachi"), Now);

        Assert.Equal((DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), null), (reading.Value?.ToUniversalTime(), reading.Problem));
    }

    [Theory]
    [InlineData("01/03/2026 09:15")]
    [InlineData("yesterday")]
    [InlineData("2026-13-01 09:15:00")]
    public void A_time_that_can_be_read_in_two_ways_is_a_problem(string text)
    {
        Assert.Null(DetectionTime.Read(text, TimeZoneInfo.Utc, Now).Value);
        Assert.NotNull(DetectionTime.Read(text, TimeZoneInfo.Utc, Now).Problem);
    }

    [Fact]
    public void A_time_in_the_future_is_kept_and_reported()
    {
        var reading = DetectionTime.Read("2036-03-01 09:15:00", TimeZoneInfo.Utc, Now);

        Assert.Equal(2036, reading.Value?.Year);
        Assert.Contains("future", reading.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"https://city.example.org/1.jpg\"")]
    [InlineData("<https://city.example.org/1.jpg>,")]
    [InlineData("[\"https://city.example.org/1.jpg\"]")]
    [InlineData("see https://city.example.org/1.jpg")]
    public void Links_come_out_of_whatever_surrounds_them(string text) =>
        Assert.Equal(["https://city.example.org/1.jpg"], EvidenceLinks.Read(text, None).Urls);

    [Fact]
    public void Ten_pictures_keep_their_order_and_each_counts_once()
    {
        var links = Enumerable.Range(1, 10).Select(n => $"https://city.example.org/{n}.jpg").ToList();

        var (urls, problems) = EvidenceLinks.Read($"{string.Join(", ", links)} {links[0]}", None);

        Assert.Equal(links, urls);
        Assert.Empty(problems);
    }

    [Theory]
    [InlineData("http://127.0.0.1/1.jpg")]
    [InlineData("http://10.1.2.3/1.jpg")]
    [InlineData("http://172.20.0.1/1.jpg")]
    [InlineData("http://192.168.1.10/1.jpg")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://100.64.0.1/1.jpg")]
    [InlineData("http://0x7f000001/1.jpg")]
    [InlineData("http://2130706433/1.jpg")]
    [InlineData("http://[::1]/1.jpg")]
    [InlineData("http://[::ffff:10.0.0.1]/1.jpg")]
    [InlineData("http://[fd00::1]/1.jpg")]
    [InlineData("http://localhost:9000/1.jpg")]
    [InlineData("http://redis:6379/1.jpg")]
    [InlineData("http://nas.local/1.jpg")]
    [InlineData("http://camera.internal./1.jpg")]
    public void Links_into_a_private_network_are_kept_out(string link)
    {
        var (urls, problems) = EvidenceLinks.Read(link, None);

        Assert.Empty(urls);
        Assert.Contains("public network", Assert.Single(problems).Rule, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://city.example.org/1.jpg")]
    [InlineData("javascript:alert(1)")]
    [InlineData("file:///etc/passwd")]
    [InlineData("city.example.org/1.jpg")]
    [InlineData("http://１２７.0.0.1/1.jpg")]
    [InlineData("http://127。0。0。1/1.jpg")]
    [InlineData("http://a\u0000b🔥..x/1.jpg")]
    [InlineData("https://user:secret@city.example.org/1.jpg")]
    public void Links_that_are_not_plain_http_are_kept_out(string link)
    {
        var (urls, problems) = EvidenceLinks.Read(link, None);

        Assert.Empty(urls);
        Assert.DoesNotContain("secret", Assert.Single(problems).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trusted_host_may_be_private() =>
        Assert.Equal(["http://127.0.0.1:5093/evidence/1.jpg"], EvidenceLinks.Read("http://127.0.0.1:5093/evidence/1.jpg", new HashSet<string> { "127.0.0.1:5093" }).Urls);

    static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly HashSet<string> None = [];
}
