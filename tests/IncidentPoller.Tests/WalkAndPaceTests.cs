using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.ServiceDefaults;
using CityMonitor.Simulator.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class WalkAndPaceTests
{
    static readonly DateTimeOffset Start = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_ticket_that_changes_during_the_walk_does_not_make_another_one_be_skipped()
    {
        var tickets = Enumerable.Range(1, 9).ToDictionary(id => (long)id, id => Start.AddSeconds(id));
        var asked = 0;
        var seen = new List<long>();

        await WalkAsync((since, page) =>
        {
            if (++asked == 2)
            {
                tickets[1] = Start.AddHours(1); // moves from the first page to the end
            }

            return [.. tickets.Where(t => t.Value >= since).OrderBy(t => t.Value).Skip((page - 1) * 3).Take(4).Select(t => (t.Key, t.Value))];
        }, 3, seen);

        Assert.Superset(Enumerable.Range(1, 9).Select(id => (long)id).ToHashSet(), seen.ToHashSet());
        Assert.Equal(2, seen.Count(id => id == 1));
    }

    [Fact]
    public async Task Hundreds_of_tickets_of_one_second_are_followed_by_page_number()
    {
        var tickets = Enumerable.Range(1, 10).Select(id => ((long)id, Start)).ToList();
        var seen = new List<long>();

        await WalkAsync((since, page) => [.. tickets.Where(t => t.Start >= since).Skip((page - 1) * 3).Take(4)], 3, seen);

        Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id), seen.Distinct());
    }

    [Fact]
    public void With_little_left_of_the_minutes_limit_looks_are_spread_and_writes_go_through()
    {
        var clock = new SteppedClock(Start);
        var pace = new FreshdeskPace(clock);

        pace.Saw(Answer(("X-Ratelimit-Total", "100.0"), ("X-Ratelimit-Remaining", "80.0")));
        Assert.Equal(TimeSpan.Zero, pace.ForLook());

        pace.Saw(Answer(("X-Ratelimit-Total", "100"), ("X-Ratelimit-Remaining", "12")));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.Zero), (pace.ForLook(), pace.ForWrite()));

        clock.Step(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.Zero, pace.ForLook());
    }

    [Fact]
    public void An_outage_of_any_length_is_asked_again_every_half_minute()
    {
        var waits = Enumerable.Range(1, 100_000).Select(Writing.TicketDesk.Backoff).ToList();

        Assert.Equal([1, 2, 4, 8, 16, 30, 30], waits.Take(7).Select(wait => wait.TotalSeconds));
        Assert.All(waits.Skip(5), wait => Assert.Equal(TimeSpan.FromSeconds(30), wait));
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("86400", 300)]
    [InlineData(null, 30)]
    [InlineData("Sun, 01 Mar 2026 09:00:20 GMT", 20)]
    public void A_limit_is_waited_out_as_long_as_it_says_but_not_for_ever(string? retryAfter, int seconds)
    {
        var pace = new FreshdeskPace(new SteppedClock(Start));
        using var answer = Answer(("Retry-After", retryAfter));

        Assert.Equal(TimeSpan.FromSeconds(seconds), pace.Limited(answer));
        Assert.Equal(TimeSpan.FromSeconds(seconds), pace.ForWrite());
    }

    [Theory]
    [InlineData("PollingInterval", "00:00:00", "Freshdesk:PollingInterval")]
    [InlineData("PollingInterval", "tomorrow", "Freshdesk:PollingInterval")]
    [InlineData("RepublishInterval", "2.00:00:00", "Freshdesk:RepublishInterval")]
    [InlineData("DefaultCountryCode", "0092", "Freshdesk:DefaultCountryCode")]
    [InlineData("TimeZone", "Mars/Olympus", "Freshdesk:TimeZone")]
    [InlineData("Fields:Address", " , ", "Freshdesk:Fields:Address")]
    public void Each_wrong_setting_names_key_rule_and_example(string key, string value, string named)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new($"Freshdesk:{key}", value)]).Build());
        services.AddCheckedOptions<FreshdeskOptions>("Freshdesk");

        var error = Assert.Throws<OptionsValidationException>(() => services.BuildServiceProvider().GetRequiredService<IOptions<FreshdeskOptions>>().Value);

        var problem = Assert.Single(error.Failures);
        Assert.StartsWith(named, problem, StringComparison.Ordinal);
        Assert.Contains("for example", problem, StringComparison.Ordinal);
    }

    static Task WalkAsync(Func<DateTimeOffset, int, List<(long Id, DateTimeOffset Start)>> list, int pageSize, List<long> seen) =>
        TicketWalk.AsOfAsync(Start, (since, page, _) =>
        {
            var found = list(since, page);
            return Task.FromResult(new TicketPage([.. found.Take(pageSize).Select(t => new FreshdeskTicket { Id = t.Id, UpdatedAt = t.Start })], found.Count > pageSize, 0));
        }, new FreshdeskPace(TimeProvider.System), TimeProvider.System, ticket =>
        {
            seen.Add(ticket.Id);
            return Task.CompletedTask;
        }, null, CancellationToken.None);

    static HttpResponseMessage Answer(params (string Name, string? Value)[] headers)
    {
        var answer = new HttpResponseMessage();
        foreach (var (name, value) in headers.Where(header => header.Value is not null))
        {
            answer.Headers.TryAddWithoutValidation(name, value);
        }

        return answer;
    }
}
