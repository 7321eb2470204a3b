using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using CityMonitor.Simulator.Tests.Support;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed partial class CallsApiTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Quiet = "<Response><Pause length='60'/></Response>";

    [Fact]
    public async Task The_account_is_shown_and_what_is_not_simulated_is_not_found()
    {
        var (status, account) = await simulator.GetAsync(".json");
        Assert.Equal((HttpStatusCode.OK, "active"), (status, account.GetProperty("status").GetString()));
        var (missing, error) = await simulator.GetAsync("/Recordings.json");
        Assert.Equal((HttpStatusCode.NotFound, 20404), (missing, error.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_created_call_is_shown_with_every_field_that_the_vendor_shows()
    {
        var (status, call) = await simulator.PostAsync("/Calls.json", ("To", "+12025550161"), ("From", "+12025550100"), ("Twiml", Quiet));
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Matches("^CA[0-9a-f]{32}$", call.GetProperty("sid").GetString());
        Assert.Equal("queued", call.GetProperty("status").GetString());
        Assert.Equal("outbound-api", call.GetProperty("direction").GetString());
        Assert.Equal("(202) 555-0161", call.GetProperty("to_formatted").GetString());
        Assert.Matches(Rfc2822(), call.GetProperty("date_created").GetString());
        Assert.Equal($"{SimulatorFixture.AccountPath}/Calls/{call.GetProperty("sid").GetString()}.json", call.GetProperty("uri").GetString());
        Assert.Equal(
            [
                "account_sid", "annotation", "answered_by", "api_version", "caller_name", "date_created", "date_updated", "direction", "duration",
                "end_time", "forwarded_from", "from", "from_formatted", "group_sid", "parent_call_sid", "phone_number_sid", "price", "price_unit",
                "queue_time", "sid", "start_time", "status", "subresource_uris", "to", "to_formatted", "trunk_sid", "uri",
            ],
            call.EnumerateObject().Select(property => property.Name).Order());
    }

    [Theory]
    [InlineData("", "+12025550100", "Twiml", "<Response/>", 21201)]
    [InlineData("+12025550161", "", "Twiml", "<Response/>", 21213)]
    [InlineData("12025550161", "+12025550100", "Twiml", "<Response/>", 21217)]
    [InlineData("+12025550161", "100", "Twiml", "<Response/>", 21212)]
    [InlineData("+12025550161", "+12025550100", "Other", "x", 21205)]
    [InlineData("+12025550161", "+12025550100", "Url", "not a url", 21205)]
    [InlineData("+15005550001", "+15005550006", "Twiml", "<Response/>", 21217)]
    [InlineData("+15005550002", "+15005550006", "Twiml", "<Response/>", 21214)]
    [InlineData("+15005550003", "+15005550006", "Twiml", "<Response/>", 21215)]
    [InlineData("+15005550004", "+15005550006", "Twiml", "<Response/>", 21216)]
    [InlineData("+12025550161", "+15005550001", "Twiml", "<Response/>", 21212)]
    public async Task What_cannot_be_dialled_is_refused_with_the_vendors_code(string to, string from, string name, string value, int code)
    {
        var (status, body) = await simulator.PostAsync("/Calls.json", ("To", to), ("From", from), (name, value));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(code, body.GetProperty("code").GetInt32());
        Assert.Equal(400, body.GetProperty("status").GetInt32());
        Assert.Equal($"https://www.twilio.com/docs/errors/{code}", body.GetProperty("more_info").GetString());
    }

    [Fact]
    public async Task Of_instructions_and_a_url_the_url_counts_and_instructions_have_4000_characters_at_most()
    {
        var (refused, error) = await simulator.PostAsync("/Calls.json", ("To", "+12025550161"), ("From", "+12025550100"), ("Twiml", Quiet.PadRight(4001)));
        Assert.Equal((HttpStatusCode.BadRequest, 32018), (refused, error.GetProperty("code").GetInt32()));
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone("{number: '+12025550162', answer_after: 50ms}");
        app.Answer("/voice", "<Response/>");
        await simulator.DialAsync("+12025550162", ("Twiml", Quiet.PadRight(4000)), ("Url", app.Url + "/voice"));
        await app.NextAsync("/voice");
    }

    [Fact]
    public async Task Wrong_credentials_are_20003_and_unknown_things_20404()
    {
        using var stranger = new HttpClient { BaseAddress = simulator.Twilio.BaseAddress };
        var calls = new Uri(SimulatorFixture.AccountPath + "/Calls.json", UriKind.Relative);
        using (var none = await stranger.GetAsync(calls))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, none.StatusCode);
            Assert.Contains("20003", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", "not base64");
        using (var garbage = await stranger.GetAsync(calls))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, garbage.StatusCode);
        }

        var (status, body) = await simulator.GetAsync("/Calls/CA00000000000000000000000000000000.json");
        Assert.Equal((HttpStatusCode.NotFound, 20404), (status, body.GetProperty("code").GetInt32()));
        using var otherAccount = await simulator.Twilio.GetAsync(new Uri("/2010-04-01/Accounts/AC9/Calls.json", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, otherAccount.StatusCode);
    }

    [Fact]
    public async Task Calls_are_listed_newest_first_by_filter_and_page_by_page()
    {
        var sids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            sids.Insert(0, await simulator.DialAsync("+12025550162", ("Twiml", Quiet)));
        }

        var (_, page) = await simulator.GetAsync("/Calls.json?To=%2B12025550162&PageSize=2&StartTime%3E=2020-01-01");
        Assert.Equal(sids[..2], page.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("sid").GetString()));
        Assert.Equal((0, 2, 0, 1), (page.GetProperty("page").GetInt32(), page.GetProperty("page_size").GetInt32(),
            page.GetProperty("start").GetInt32(), page.GetProperty("end").GetInt32()));
        var seen = new List<string>();
        for (string? next = page.GetProperty("first_page_uri").GetString(); next is not null;)
        {
            var (_, more) = await simulator.GetAsync(next[SimulatorFixture.AccountPath.Length..]);
            seen.AddRange(more.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("sid").GetString()!));
            next = more.GetProperty("next_page_uri").GetString();
        }

        Assert.Equal(sids, seen);
        var (_, none) = await simulator.GetAsync("/Calls.json?To=%2B12025550162&Status=completed");
        Assert.Empty(none.GetProperty("calls").EnumerateArray());
        var (_, old) = await simulator.GetAsync("/Calls.json?To=%2B12025550162&StartTime%3C=2020-01-01");
        Assert.Empty(old.GetProperty("calls").EnumerateArray());
        var (bad, _) = await simulator.GetAsync("/Calls.json?StartTime=yesterday");
        Assert.Equal(HttpStatusCode.BadRequest, bad);
    }

    [Fact]
    public async Task More_calls_than_the_account_may_place_in_a_second_wait_in_the_queue()
    {
        simulator.Phone("""{number: "+12025550163", answer_after: 50ms}""");
        simulator.Settings.CallsPerSecond = 1;
        try
        {
            var sids = new List<string>();
            for (var i = 0; i < 3; i++)
            {
                sids.Add(await simulator.DialAsync("+12025550163", ("Twiml", "<Response/>")));
            }

            var last = await simulator.UntilAsync("call.initiated", sids[2]);
            var first = await simulator.UntilAsync("call.initiated", sids[0]);
            Assert.InRange((last.At - first.At).TotalSeconds, 1.8, 8);
            var (_, call) = await simulator.GetAsync($"/Calls/{sids[2]}.json");
            Assert.True(int.Parse(call.GetProperty("queue_time").GetString()!, System.Globalization.CultureInfo.InvariantCulture) >= 0);
        }
        finally
        {
            simulator.Settings.CallsPerSecond = 1000;
        }
    }

    [Fact]
    public async Task Only_a_finished_call_can_be_deleted()
    {
        simulator.Phone("""{number: "+12025550164", answer_after: 50ms}""");
        var sid = await simulator.DialAsync("+12025550164", ("Twiml", Quiet));
        var uri = new Uri($"{SimulatorFixture.AccountPath}/Calls/{sid}.json", UriKind.Relative);
        using (var early = await simulator.Twilio.DeleteAsync(uri))
        {
            Assert.Equal(HttpStatusCode.BadRequest, early.StatusCode);
        }

        await simulator.PostAsync($"/Calls/{sid}.json", ("Status", "completed"));
        await simulator.Timeline.WaitAsync(e => e.Subject == sid && e.Kind is "call.completed" or "call.canceled", TimeSpan.FromSeconds(5));
        using var deleted = await simulator.Twilio.DeleteAsync(uri);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        var (status, _) = await simulator.GetAsync($"/Calls/{sid}.json");
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [GeneratedRegex(@"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d \+0000$")]
    private static partial Regex Rfc2822();
}
