using System.Net;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Freshdesk;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Freshdesk;

public sealed class TicketListTests : IAsyncLifetime
{
    readonly SteppedClock clock = new(DateTimeOffset.Parse("2026-03-01T09:15:00Z", System.Globalization.CultureInfo.InvariantCulture));
    RunningSimulator simulator = null!;
    FreshdeskClient freshdesk = null!;

    public async ValueTask InitializeAsync()
    {
        simulator = await RunningSimulator.StartAsync(services => services.AddSingleton<TimeProvider>(clock));
        freshdesk = new(simulator.Ports.Freshdesk);
    }

    public async ValueTask DisposeAsync()
    {
        freshdesk.Dispose();
        await simulator.DisposeAsync();
    }

    [Fact]
    public async Task Every_one_of_250_tickets_is_found_by_following_the_link_header()
    {
        var samples = simulator.Get<IncidentSamples>();
        for (var i = 0; i < 250; i++)
        {
            samples.WithCustomFields(new() { ResponderPhone = "+12025550123" });
        }

        var seen = new HashSet<long>();
        using var follower = RunningSimulator.Client(simulator.Ports.Freshdesk);
        var next = "/tickets?updated_since=2026-03-01T00:00:00Z&order_by=updated_at&order_type=asc&per_page=100";
        var pages = 0;
        while (next is not null)
        {
            using var page = await freshdesk.GetAsync(next);
            seen.UnionWith((await FreshdeskClient.Read(page)).AsArray().Select(t => (long)t!["id"]!));
            pages++;
            next = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split("/api/v2")[1].Split('>')[0] : null;
            if (next is not null)
            {
                Assert.Equal($"<http://127.0.0.1:{simulator.Ports.Freshdesk}/api/v2{next}>; rel=\"next\"", link!.Single());
            }
        }

        Assert.Equal((3, 250), (pages, seen.Count));
    }

    [Fact]
    public async Task Only_the_last_30_days_are_listed_unless_updated_since_is_given()
    {
        await freshdesk.CreateAsync();
        clock.Step(TimeSpan.FromDays(31));
        Assert.Empty((await freshdesk.JsonAsync("/tickets")).AsArray());
        Assert.Single((await freshdesk.JsonAsync("/tickets?updated_since=2026-02-01")).AsArray());
        Assert.Empty((await freshdesk.JsonAsync("/tickets?updated_since=2026-03-01T09:15:01Z")).AsArray());
    }

    [Fact]
    public async Task The_order_is_newest_first_unless_told_otherwise()
    {
        var first = await freshdesk.CreateAsync();
        clock.Step(TimeSpan.FromSeconds(5));
        var second = await freshdesk.CreateAsync();
        clock.Step(TimeSpan.FromSeconds(5));
        using var touched = await freshdesk.PutAsync($"/tickets/{first}", """{"priority":3}""");
        Assert.Equal([second, first], await Ids("/tickets"));
        Assert.Equal([first, second], await Ids("/tickets?order_by=updated_at"));
        Assert.Equal([second, first], await Ids("/tickets?order_by=updated_at&order_type=asc"));
    }

    [Fact]
    public async Task New_and_my_open_leaves_out_other_statuses_and_other_agents()
    {
        var mine = await freshdesk.CreateAsync();
        await freshdesk.CreateAsync(""","status":3""");
        await freshdesk.CreateAsync(""","responder_id":99""");
        Assert.Equal([mine], await Ids("/tickets?filter=new_and_my_open"));
    }

    [Fact]
    public async Task Lists_have_a_description_requester_and_stats_only_when_asked()
    {
        await freshdesk.CreateAsync();
        Assert.Null((await freshdesk.JsonAsync("/tickets"))[0]!["description"]);
        var full = (await freshdesk.JsonAsync("/tickets?include=description,requester,stats"))[0]!;
        Assert.Equal("Seen", (string?)full["description_text"]);
        Assert.Equal("camera@example.com", (string?)full["requester"]!["email"]);
        Assert.NotNull(full["stats"]);
    }

    [Fact]
    public async Task Search_understands_status_priority_custom_fields_dates_and_parentheses()
    {
        var urgent = await freshdesk.CreateAsync(""","priority":4,"custom_fields":{"cf_zone":"North"}""");
        var low = await freshdesk.CreateAsync(""","priority":1,"status":3""");
        Assert.Equal([urgent], await Found("priority:4"));
        Assert.Equal([urgent], await Found("cf_zone:'North'"));
        Assert.Equal([low], await Found("cf_zone:null AND (status:3 OR status:6)"));
        Assert.Equal(2, (await Found("updated_at:>'2026-03-01' AND priority:<4")).Length);
        Assert.Empty(await Found("updated_at:>'2026-03-02'"));
    }

    async Task<long[]> Ids(string path) => [.. (await freshdesk.JsonAsync(path)).AsArray().Select(t => (long)t!["id"]!)];

    async Task<long[]> Found(string query)
    {
        var answer = await freshdesk.JsonAsync($"/search/tickets?query={Uri.EscapeDataString($"\"{query}\"")}");
        var ids = answer["results"]!.AsArray().Select(t => (long)t!["id"]!).Order().ToArray();
        Assert.Equal(ids.Length, (int)answer["total"]!);
        return ids;
    }
}
